{{/* The name of the StatefulSet and of what belongs to it. */}}
{{- define "postgresql.name" -}}
{{- .Values.name | default (printf "postgresql-%s" .Values.role) -}}
{{- end -}}

{{/* The label role: it is the role at the installation, and stays. */}}
{{- define "postgresql.roleLabel" -}}
{{- $name := include "postgresql.name" . -}}
{{- if .Values.roleLabel -}}
{{- .Values.roleLabel -}}
{{- else if hasSuffix "-primary" $name -}}
primary
{{- else if hasSuffix "-replica" $name -}}
replica
{{- end -}}
{{- end -}}

{{- define "postgresql.image" -}}
{{- printf "%s:%s" .Values.image.repository (include "postgresql.plain" (.Values.image.tag | default .Chart.AppVersion)) -}}
{{- end -}}

{{/* What a selector selects; it cannot change. */}}
{{- define "postgresql.selector" -}}
app: postgresql
role: {{ include "postgresql.roleLabel" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of everything. The chart's version is not among those of pods, which it would restart. */}}
{{- define "postgresql.labels" -}}
app.kubernetes.io/name: postgresql
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: rap-analyzer
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
region: {{ .Values.region }}
{{- end -}}

{{/* The logins, by the name of their file of secrets. */}}
{{- define "postgresql.logins" -}}
{{- $v := .Values -}}
{{- dict "superuser" $v.superuser "replication" $v.replication "rapbot" $v.rapbot "app" $v.database "monitor" $v.exporter | toJson -}}
{{- end -}}

{{/* A number without the exponent that a large one would be printed with. */}}
{{- define "postgresql.plain" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- int64 . -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end -}}
