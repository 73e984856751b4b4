{{- define "rap-analyzer.image" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
{{- if kindIs "float64" $tag }}{{ $tag = int64 $tag }}{{ end -}}
{{- printf "%s:%v" .Values.image.repository $tag -}}
{{- end -}}

{{- define "rap-analyzer.account" -}}
{{- .Values.serviceAccount.name | default (ternary .Values.name "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{/* What a selector selects; it cannot change. */}}
{{- define "rap-analyzer.selector" -}}
app: {{ .Values.name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of everything. The chart's version is not among those of pods, which it would restart. */}}
{{- define "rap-analyzer.labels" -}}
app: {{ .Values.name }}
app.kubernetes.io/name: rap-analyzer
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: rap-analyzer
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
region: {{ .Values.global.region }}
zone: {{ .Values.global.zone }}
{{- end -}}

{{/* What the application is told, as environment variables. */}}
{{- define "rap-analyzer.settings" -}}
{{- $v := .Values -}}
REGION: {{ $v.global.region | quote }}
ZONE: {{ $v.global.zone | quote }}
HTTP_PORT: {{ int64 $v.containerPort | toString | quote }}
DATABASE_HOST: {{ $v.database.host | quote }}
DATABASE_PORT: {{ int64 $v.database.port | toString | quote }}
DATABASE_NAME: {{ $v.database.name | quote }}
DATABASE_USER: {{ $v.database.user | quote }}
DATABASE_SSLMODE: {{ $v.database.sslMode | quote }}
DATABASE_MAX_CONNECTIONS: {{ int64 $v.database.maxConnections | toString | quote }}
DATABASE_POOL_ENABLED: {{ $v.database.connectionPool.enabled | toString | quote }}
DATABASE_POOL_MAX_SIZE: {{ int64 $v.database.connectionPool.maxSize | toString | quote }}
DATABASE_POOL_MIN_SIZE: {{ int64 $v.database.connectionPool.minSize | toString | quote }}
GDPR_ENABLED: {{ $v.gdpr.enabled | toString | quote }}
GDPR_DATA_RETENTION: {{ $v.gdpr.dataRetention | quote }}
GDPR_ANONYMIZATION: {{ $v.gdpr.anonymization | toString | quote }}
GDPR_RIGHT_TO_FORGET: {{ $v.gdpr.rightToForget | toString | quote }}
{{- range $key := keys $v.config | sortAlpha }}
{{ $key }}: {{ get $v.config $key | toString | quote }}
{{- end }}
{{- end -}}
