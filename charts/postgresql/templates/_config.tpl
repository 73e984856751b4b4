{{/* postgresql.conf: what replication and rapbot need, and what was asked for on top. It holds nothing of the role and nothing of the region. */}}
{{- define "postgresql.conf" -}}
{{- $conf := dict
  "wal_level" "replica"
  "wal_log_hints" "on"
  "max_wal_senders" "10"
  "max_replication_slots" "10"
  "max_slot_wal_keep_size" "10GB"
  "hot_standby" "on"
  "hot_standby_feedback" "off"
  "wal_sender_timeout" "10s"
  "wal_receiver_timeout" "10s"
  "wal_receiver_status_interval" "1s"
  "wal_retrieve_retry_interval" "1s"
  "password_encryption" "scram-sha-256"
  "lc_messages" "C"
  "timezone" "UTC"
  "log_timezone" "UTC"
  "log_line_prefix" "%m [%p] %q%u@%d %a "
  "log_checkpoints" "on"
-}}
{{- range $key, $value := .Values.config -}}
{{- $_ := set $conf $key $value -}}
{{- end -}}
{{- range $key := keys $conf | sortAlpha }}
{{ $key }} = '{{ include "postgresql.plain" (get $conf $key) | replace "'" "''" }}'
{{- end }}
{{- end -}}

{{/* pg_hba.conf: replication is for one role, and the superuser comes in through the pod only. */}}
{{- define "postgresql.hba" -}}
{{- $type := ternary "hostssl" "host" .Values.tls.enabled -}}
local all all scram-sha-256
host all {{ .Values.superuser.user }} all reject
{{- range .Values.access | default (list "all") }}
{{ $type }} all all {{ . }} scram-sha-256
{{ $type }} replication {{ $.Values.replication.user }} {{ . }} scram-sha-256
{{- end }}
{{- end -}}
