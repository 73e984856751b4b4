# The image of rapbot: one static program and the certificates of the authorities, run by a user without a name.
#
#   docker build --build-arg VERSION=$(git describe --always) -t rapbot .
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=""
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.release=${VERSION}" -o /out/rapbot ./cmd/rapbot

FROM gcr.io/distroless/static:nonroot
COPY --from=build /out/rapbot /rapbot
USER 65532:65532
# The webhook of Alertmanager, and health.
EXPOSE 9095 9096
ENTRYPOINT ["/rapbot"]
CMD ["run", "--config", "/etc/rapbot/rapbot.yaml"]
