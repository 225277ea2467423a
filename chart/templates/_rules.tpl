{{/* Rules of RBAC as YAML lists, each empty where nothing is needed. */}}

{{/* The names of all sources that may be read, as a YAML list below `items`. */}}
{{- define "zen-watcher.sources" -}}
{{- $names := list -}}
{{- range $name, $isOn := .Values.sources -}}
{{- if $isOn -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
{{- range $name, $preset := .Values.ingester.presets -}}
{{- if $preset.enabled -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
{{- if .Values.ingester.createDefaultK8sEvents -}}{{- $names = append $names "kubernetes-events" -}}{{- end -}}
{{- toYaml (dict "items" ($names | uniq | sortAlpha)) -}}
{{- end -}}

{{/* What is read for findings. Arguments: root, whether in the whole cluster. */}}
{{- define "zen-watcher.sourceRules" -}}
{{- $root := index . 0 -}}
{{- $isCluster := index . 1 -}}
{{- $known := $root.Files.Get "files/sources.yaml" | fromYaml -}}
{{- $groups := dict -}}
{{- $hasLogs := false -}}
{{- range (include "zen-watcher.sources" $root | fromYaml).items -}}
{{- $source := get $known . | default dict -}}
{{- if or (eq . "logs") $source.logs -}}{{- $hasLogs = true -}}{{- end -}}
{{- range $source.reads -}}
{{- $resources := concat (.resources | default list) (ternary (.clusterResources | default list) list $isCluster) -}}
{{- $_ := set $groups .group (concat (get $groups .group | default list) $resources | uniq) -}}
{{- end -}}
{{- end -}}
{{- range $root.Values.extraSources -}}
{{- if or $isCluster (not .clusterScoped) -}}
{{- $_ := set $groups .group (concat (get $groups .group | default list) .resources | uniq) -}}
{{- end -}}
{{- end -}}
{{- if $hasLogs -}}
{{- $_ := set $groups "" (concat (get $groups "" | default list) (list "pods") | uniq) -}}
{{- end -}}
{{- range $group, $resources := $groups }}
{{- if $resources }}
- apiGroups: [{{ $group | quote }}]
  resources: {{ $resources | sortAlpha | toJson }}
  verbs: [list, watch]
{{- end }}
{{- end }}
{{- if $hasLogs }}
- apiGroups: [""]
  resources: [pods/log]
  verbs: [get]
{{- end }}
{{- end -}}

{{/* What is written, Observations and what destinations name beside them, each as group/version/resource. */}}
{{- define "zen-watcher.observationRules" }}
{{- $groups := dict -}}
{{- range (include "zen-watcher.settings" . | fromYaml).destinations -}}
{{- $parts := splitList "/" . -}}
{{- if ne (len $parts) 3 -}}
{{- fail (printf "Cannot allow destination %s: it must be group/version/resource" .) -}}
{{- end -}}
{{- $group := index $parts 0 -}}
{{- if or (not (contains "." $group)) (eq $group "k8s.io") (hasSuffix ".k8s.io" $group) (eq $group "zen.kube-zen.io") -}}
{{- fail (printf "Cannot allow destination %s: it must be neither Kubernetes' own nor this program's" .) -}}
{{- end -}}
{{- $_ := set $groups $group (append (get $groups $group | default list) (index $parts 2) | uniq) -}}
{{- end }}
- apiGroups: [zen.kube-zen.io]
  resources: [observations]
  verbs: [create, get, list, patch, delete]
- apiGroups: [zen.kube-zen.io]
  resources: [observations/status]
  verbs: [patch]
{{- range $group, $resources := $groups }}
- apiGroups: [{{ $group | quote }}]
  resources: {{ $resources | sortAlpha | toJson }}
  verbs: [create]
{{- end }}
{{- end -}}

{{- define "zen-watcher.ingesterRules" }}
- apiGroups: [zen.kube-zen.io]
  resources: [ingesters]
  verbs: [list, watch]
- apiGroups: [zen.kube-zen.io]
  resources: [ingesters/status]
  verbs: [patch]
# Events about Ingesters, beside them.
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end -}}

{{/* Lease and checkpoints. A name is not known before it is created, so create cannot be bound to one. */}}
{{- define "zen-watcher.leadershipRules" -}}
{{- $settings := include "zen-watcher.settings" . | fromYaml -}}
{{- if ne $settings.mode "disabled" }}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ $settings.lease | quote }}]
  verbs: [get, update, watch]
{{- end }}
- apiGroups: [""]
  resources: [configmaps]
  verbs: [create]
- apiGroups: [""]
  resources: [configmaps]
  resourceNames:
    - {{ $settings.lease }}-checkpoints
    {{- range until 3 }}
    - {{ $settings.lease }}-checkpoints-{{ add1 . }}
    {{- end }}
  verbs: [get, patch]
{{- end -}}

{{/* The Secrets of webhooks by namespace: each a list of names. */}}
{{- define "zen-watcher.secrets" -}}
{{- $own := .Release.Namespace -}}
{{- $found := dict -}}
{{- range .Values.webhookSecrets -}}
{{- $namespace := ternary $own (get (ternary dict . (kindIs "string" .)) "namespace" | default $own) (kindIs "string" .) -}}
{{- $name := ternary . (get (ternary dict . (kindIs "string" .)) "name") (kindIs "string" .) -}}
{{- $_ := set $found $namespace (append (get $found $namespace | default list) $name | uniq) -}}
{{- end -}}
{{- range .Values.ingester.presets -}}
{{- if .enabled -}}
{{- $auth := (((.spec | default dict).webhook | default dict).auth | default dict) -}}
{{- if and $auth.secretName (ne $auth.type "none") -}}
{{- $_ := set $found $own (append (get $found $own | default list) $auth.secretName | uniq) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toYaml $found -}}
{{- end -}}

{{/* All that is needed in one namespace but for Lease and checkpoints. Arguments: root, namespace. */}}
{{- define "zen-watcher.namespaceRules" -}}
{{- $root := index . 0 -}}
{{- $namespace := index . 1 -}}
{{- $own := $root.Release.Namespace -}}
{{- $settings := include "zen-watcher.settings" $root | fromYaml -}}
{{- $watched := $settings.watchNamespaces | default list -}}
{{- $ingesters := $settings.ingesterNamespaces | default (append $watched $own) -}}
{{- range $settings.ingesterNamespacesExclude -}}{{- $ingesters = without $ingesters . -}}{{- end -}}
{{- $observed := ternary (concat (list $own) $watched $ingesters) list (gt (len $watched) 0) -}}
{{- if $settings.observationNamespace -}}{{- $observed = list $own $settings.observationNamespace -}}{{- end -}}
{{- $read := ternary (concat $watched (without $ingesters $own)) list (gt (len $watched) 0) -}}
{{- if and (not $settings.isTenancy) (has $namespace $ingesters) }}
{{- include "zen-watcher.ingesterRules" $root }}
{{- end }}
{{- if has $namespace $observed }}
{{- include "zen-watcher.observationRules" $root }}
{{- end }}
{{- if has $namespace $read }}
{{- include "zen-watcher.sourceRules" (list $root false) }}
{{- end }}
{{- with get (include "zen-watcher.secrets" $root | fromYaml) $namespace }}
- apiGroups: [""]
  resources: [secrets]
  resourceNames: {{ toJson . }}
  verbs: [list, watch]
{{- end }}
{{- $readHere := "" -}}
{{- if not $watched -}}
{{- $readHere = include "zen-watcher.sourceRules" (list $root true) -}}
{{- else if has $namespace $read -}}
{{- $readHere = include "zen-watcher.sourceRules" (list $root false) -}}
{{- end -}}
{{- /* Where all ConfigMaps may be read, a rule for one of them would give nothing. */}}
{{- if and $settings.filterConfigMapName (eq $namespace $own) (not (contains "\"configmaps\"" $readHere)) }}
- apiGroups: [""]
  resources: [configmaps]
  resourceNames: [{{ $settings.filterConfigMapName | quote }}]
  verbs: [list, watch]
{{- end }}
{{- end -}}

{{/* All that is needed in the whole cluster; empty when only namespaces are watched. */}}
{{- define "zen-watcher.clusterRules" -}}
{{- $settings := include "zen-watcher.settings" . | fromYaml -}}
{{- if not $settings.watchNamespaces }}
{{- if $settings.isTenancy }}
{{- include "zen-watcher.ingesterRules" . }}
{{- end }}
{{- if not $settings.observationNamespace }}
{{- include "zen-watcher.observationRules" . }}
{{- end }}
{{- include "zen-watcher.sourceRules" (list . true) }}
{{- end }}
{{- end -}}
