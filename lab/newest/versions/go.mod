// The versions that command newest builds, each by its own go.mod and go.sum:
// nothing here imports them, so do not tidy this. A newer one comes with
// go get github.com/prometheus/alertmanager@latest; lab/upstream goes with it.
module github.com/rap-analyzer/rapbot/lab/newest/versions

go 1.26.0

require (
	github.com/prometheus/alertmanager v0.34.2
	github.com/prometheus/prometheus v0.316.0
)
