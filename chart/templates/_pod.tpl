{{/* The pod, the same in a Deployment and in a StatefulSet. */}}
{{- define "zen-watcher.podTemplate" -}}
{{- $settings := include "zen-watcher.settings" . | fromYaml -}}
metadata:
  labels:
    {{- include "zen-watcher.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.podAnnotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "zen-watcher.serviceAccountName" . }}
  automountServiceAccountToken: true
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile: {type: RuntimeDefault}
  containers:
    - name: zen-watcher
      image: {{ include "zen-watcher.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        - run
        {{- range .Values.extraArgs }}
        - {{ . | quote }}
        {{- end }}
      env: {{- include "zen-watcher.environment" . | nindent 8 }}
      ports:
        - {name: webhook, containerPort: {{ $settings.webhookPort }}, protocol: TCP}
        - {name: metrics, containerPort: {{ $settings.metricsPort }}, protocol: TCP}
      # It may wait for the API server before it is ready, and lives meanwhile.
      startupProbe:
        httpGet: {path: /livez, port: metrics}
        periodSeconds: 2
        failureThreshold: 30
      livenessProbe:
        httpGet: {path: /livez, port: metrics}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /readyz, port: metrics}
        periodSeconds: 2
        timeoutSeconds: 2
        failureThreshold: 1
      lifecycle:
        preStop:
          sleep: {seconds: {{ .Values.preStopSleepSeconds }}}
      resources: {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      volumeMounts:
        - {name: spool, mountPath: /var/lib/zen-watcher}
        {{- if .Values.tls.secretName }}
        - {name: tls, mountPath: /etc/zen-watcher/tls, readOnly: true}
        {{- end }}
        {{- if .Values.board.tokenSecretName }}
        - {name: board, mountPath: /etc/zen-watcher/board, readOnly: true}
        {{- end }}
  volumes:
    {{- if not .Values.spool.persistence.enabled }}
    - name: spool
      emptyDir: {sizeLimit: {{ .Values.spool.size }}}
    {{- end }}
    {{- with .Values.tls.secretName }}
    - name: tls
      secret: {secretName: {{ . }}, defaultMode: 0440}
    {{- end }}
    {{- with .Values.board.tokenSecretName }}
    - name: board
      secret: {secretName: {{ . }}, defaultMode: 0440, items: [{key: token, path: token}]}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  affinity:
    {{- if .Values.affinity }}
    {{- toYaml .Values.affinity | nindent 4 }}
    {{- else }}
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 100
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels: {{- include "zen-watcher.selectorLabels" . | nindent 16 }}
    {{- end }}
  topologySpreadConstraints:
    {{- if .Values.topologySpreadConstraints }}
    {{- toYaml .Values.topologySpreadConstraints | nindent 4 }}
    {{- else }}
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "zen-watcher.selectorLabels" $ | nindent 10 }}
    {{- end }}
    {{- end }}
{{- end -}}
