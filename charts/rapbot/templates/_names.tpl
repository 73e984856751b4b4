{{- define "rapbot.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- if kindIs "float64" $tag }}{{ $tag = int64 $tag }}{{ end -}}
{{- printf "%s:%v" .Values.image.repository $tag -}}
{{- end -}}

{{- define "rapbot.account" -}}
{{- .Values.serviceAccount.name | default "rapbot" -}}
{{- end -}}

{{- define "rapbot.selector" -}}
app.kubernetes.io/name: rapbot
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "rapbot.labels" -}}
{{ include "rapbot.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: rap-analyzer
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{/* rapbot.yaml: what was given, over what a pod needs. */}}
{{- define "rapbot.config" -}}
{{- $pod := dict "health" (dict "listen" "0.0.0.0:9096") "alertmanager" (dict "listen" "0.0.0.0:9095") "journal" (dict "path" "/var/lib/rapbot/rapbot.db") -}}
{{- mergeOverwrite $pod (deepCopy .Values.config) | toYaml -}}
{{- end -}}

{{/* The port of health or alertmanager. */}}
{{- define "rapbot.port" -}}
{{- splitList ":" (get (get (include "rapbot.config" (index . 0) | fromYaml) (index . 1)) "listen") | last -}}
{{- end -}}
