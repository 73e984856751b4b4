{{/* What the server and the backup are told. Every path is said in the environment, and lies on a volume. */}}
{{- define "postgresql.env" -}}
- {name: PG_RUN, value: /var/run/postgresql}
- {name: PG_SECRETS, value: /etc/postgresql/secrets}
- {name: PG_REPLICATION_USER, value: {{ .Values.replication.user | quote }}}
- {name: PG_SSLMODE, value: {{ ternary .Values.tls.mode "disable" .Values.tls.enabled }}}
{{- if .Values.tls.enabled }}
- {name: PG_TLS, value: /etc/postgresql/tls}
{{- end }}
- {name: TMPDIR, value: /tmp}
- {name: HOME, value: /tmp}
{{- end -}}

{{- define "postgresql.mounts" -}}
- {name: run, mountPath: /var/run/postgresql}
- {name: tmp, mountPath: /tmp}
- {name: scripts, mountPath: /etc/postgresql/scripts, readOnly: true}
- {name: secrets, mountPath: /etc/postgresql/secrets, readOnly: true}
{{- if .Values.tls.enabled }}
- {name: tls, mountPath: /etc/postgresql/tls, readOnly: true}
{{- end }}
{{- end -}}

{{/* Takes the chart's context and the logins whose passwords are needed. */}}
{{- define "postgresql.volumes" -}}
{{- $root := index . 0 -}}
{{- $logins := include "postgresql.logins" $root | fromJson -}}
- {name: run, emptyDir: {}}
- {name: tmp, emptyDir: {}}
- name: scripts
  configMap: {name: {{ include "postgresql.name" $root }}-scripts}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range index . 1 }}
      {{- $login := get $logins . }}
      {{- if $login.existingSecret }}
      - secret: {name: {{ $login.existingSecret }}, items: [{key: {{ $login.key | quote }}, path: {{ . }}}]}
      {{- else }}
      - secret: {name: {{ include "postgresql.name" $root }}-credentials, items: [{key: {{ . }}, path: {{ . }}}]}
      {{- end }}
      {{- end }}
{{- if $root.Values.tls.enabled }}
- name: tls
  secret: {secretName: {{ $root.Values.tls.secretName }}, defaultMode: 0440}
{{- end }}
{{- end -}}

{{- define "postgresql.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ int64 .Values.podSecurityContext.runAsUser }}
  runAsGroup: {{ int64 .Values.podSecurityContext.runAsGroup }}
  fsGroup: {{ int64 .Values.podSecurityContext.fsGroup }}
  # Not each time: it would give the group rights to the data with which PostgreSQL does not start.
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "postgresql.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}
