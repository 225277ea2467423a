{{/* The value of a name in `env`; empty when it is not there. Arguments: root, name. */}}
{{- define "zen-watcher.envValue" -}}
{{- $name := index . 1 -}}
{{- range (index . 0).Values.env -}}
{{- if eq .name $name -}}
{{- if hasKey . "valueFrom" -}}
{{- fail (printf "Cannot take env %s: rights, ports or names follow it, so it must have a value, given valueFrom" $name) -}}
{{- end -}}
{{- .value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A comma-separated text as a YAML list of what is not empty, each once. */}}
{{- define "zen-watcher.list" -}}
{{- $items := list -}}
{{- range splitList "," . -}}
{{- with trim . -}}{{- $items = append $items . -}}{{- end -}}
{{- end -}}
{{- toYaml (dict "items" (uniq $items)) -}}
{{- end -}}

{{/* What was asked for, whether by values or by env, in one place: `include ... | fromYaml`. */}}
{{- define "zen-watcher.settings" -}}
{{- range list "POD_NAMESPACE" "POD_NAME" "RELEASE_NAME" -}}
{{- $name := . -}}
{{- range $.Values.env -}}
{{- if eq .name $name -}}{{- fail (printf "Cannot take env %s: the chart must say it" $name) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- $watch := include "zen-watcher.envValue" (list . "WATCH_NAMESPACE") | default (join "," .Values.watchNamespaces) -}}
{{- $ingesters := include "zen-watcher.envValue" (list . "INGESTER_NAMESPACES") | default (join "," .Values.ingesterNamespaces) -}}
{{- if .Values.tenancy.enabled -}}
{{- if and $ingesters (ne $ingesters "*") -}}
{{- fail (printf "Cannot enable tenancy: it looks for Ingesters everywhere, given INGESTER_NAMESPACES %s" $ingesters) -}}
{{- end -}}
{{- $ingesters = "*" -}}
{{- end -}}
{{- if and $watch (eq $ingesters "*") -}}
{{- fail (printf "Cannot look for Ingesters everywhere: the rights of an installation that watches %s end at its namespaces" $watch) -}}
{{- end -}}
{{- $exclude := include "zen-watcher.envValue" (list . "INGESTER_NAMESPACES_EXCLUDE") | default (join "," .Values.tenancy.exclude) -}}
{{- $mode := include "zen-watcher.envValue" (list . "LEADER_ELECTION_MODE") | default .Values.leaderElection.mode -}}
{{- $replicas := ternary .Values.replicaCount .Values.replicas (kindIs "invalid" .Values.replicas) | int -}}
{{- $most := ternary (.Values.autoscaling.maxReplicas | int) $replicas .Values.autoscaling.enabled -}}
{{- if and (eq $mode "disabled") (gt $most 1) -}}
{{- fail (printf "Cannot disable leader election: there must be one replica, given %d" $most) -}}
{{- end -}}
{{- $lease := include "zen-watcher.envValue" (list . "LEADER_ELECTION_ID") | default .Values.leaderElection.electionID | default "zen-watcher-leader-election" -}}
{{- dict
  "watchNamespaces" (include "zen-watcher.list" $watch | fromYaml).items
  "ingesterNamespaces" (include "zen-watcher.list" $ingesters | fromYaml).items
  "ingesterNamespacesExclude" (include "zen-watcher.list" $exclude | fromYaml).items
  "isTenancy" (eq $ingesters "*")
  "observationNamespace" (include "zen-watcher.envValue" (list . "OBSERVATION_NAMESPACE") | default .Values.observationNamespace)
  "filterConfigMapName" (include "zen-watcher.envValue" (list . "FILTER_CONFIGMAP_NAME") | default .Values.filterConfigMapName)
  "destinations" (include "zen-watcher.list" (include "zen-watcher.envValue" (list . "DESTINATION_ALLOWLIST") | default (join "," .Values.destinationAllowlist)) | fromYaml).items
  "mode" $mode
  "lease" $lease
  "replicas" $replicas
  "mostReplicas" $most
  "webhookPort" (include "zen-watcher.envValue" (list . "WEBHOOK_PORT") | default (toString .Values.containerPorts.webhook))
  "metricsPort" (include "zen-watcher.envValue" (list . "METRICS_PORT") | default (toString .Values.containerPorts.metrics))
  | toYaml -}}
{{- end -}}

{{/* The environment of the container: what the chart says, but for what `env` says otherwise. */}}
{{- define "zen-watcher.environment" -}}
{{- $settings := include "zen-watcher.settings" . | fromYaml -}}
{{- $given := list -}}
{{- range .Values.env -}}{{- $given = append $given .name -}}{{- end -}}
{{- $own := list
  (list "WATCH_NAMESPACE" (join "," $settings.watchNamespaces))
  (list "INGESTER_NAMESPACES" (join "," $settings.ingesterNamespaces))
  (list "INGESTER_NAMESPACES_EXCLUDE" (join "," $settings.ingesterNamespacesExclude))
  (list "OBSERVATION_NAMESPACE" $settings.observationNamespace)
  (list "FILTER_CONFIGMAP_NAME" $settings.filterConfigMapName)
  (list "DESTINATION_ALLOWLIST" (join "," $settings.destinations))
  (list "LEADER_ELECTION_MODE" $settings.mode)
  (list "LEADER_ELECTION_ID" $settings.lease)
  (list "REPLICA_COUNT" (toString $settings.replicas))
  (list "WEBHOOK_PORT" $settings.webhookPort)
  (list "METRICS_PORT" $settings.metricsPort)
  (list "SPOOL_DIR" "/var/lib/zen-watcher/spool")
  (list "SPOOL_MAX_BYTES" (.Values.spool.maxBytes | int64 | toString))
  (list "SPOOL_MAX_AGE" .Values.spool.maxAge)
  (list "TLS_CERT_FILE" (ternary "/etc/zen-watcher/tls/tls.crt" "" (ne .Values.tls.secretName "")))
  (list "TLS_KEY_FILE" (ternary "/etc/zen-watcher/tls/tls.key" "" (ne .Values.tls.secretName "")))
  (list "BOARD_TOKEN_FILE" (ternary "/etc/zen-watcher/board/token" "" (ne .Values.board.tokenSecretName "")))
  (list "LOG_LEVEL" .Values.logLevel)
-}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: RELEASE_NAME
  value: {{ .Release.Name | quote }}
{{- range $own }}
{{- $name := index . 0 }}
{{- $value := index . 1 }}
{{- if and $value (not (has $name $given)) }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}
