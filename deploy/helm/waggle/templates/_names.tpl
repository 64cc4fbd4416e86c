{{- define "waggle.fullname" -}}
{{- default .Release.Name .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of the StatefulSet, and what the names of most objects begin with. */}}
{{- define "waggle.broker" -}}
{{- include "waggle.fullname" . }}-hivemqce
{{- end -}}

{{/* UMH's labels from chart 0.10.1 on: what identifies the pod, for services. */}}
{{- define "waggle.selectorLabels" -}}
app.kubernetes.io/name: {{ include "waggle.broker" . }}
app.kubernetes.io/component: hivemqce
{{- end -}}

{{/* matchLabels of UMH's StatefulSet. They cannot be changed later, so nothing that a version changes is among them. */}}
{{- define "waggle.matchLabels" -}}
{{ include "waggle.selectorLabels" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: {{ .Values.partOf }}
{{- end -}}

{{- define "waggle.labels" -}}
{{ include "waggle.matchLabels" . }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Annotations: those of all objects and those of this one. Called with a list: the root, and the object's own. */}}
{{- define "waggle.annotations" -}}
{{- with merge (dict) (index . 1) (index . 0).Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* What a certificate of the broker has to be valid for. */}}
{{- define "waggle.hostNames" -}}
{{- $fullname := include "waggle.fullname" . -}}
{{- $names := list -}}
{{- range list "mqtt" "mqtt-external" "hivemqce" "hivemqce-local-service" "vernemq" "vernemq-local-service" -}}
{{- $name := printf "%s-%s" $fullname . -}}
{{- $names = concat $names (list $name (printf "%s.%s" $name $.Release.Namespace) (printf "%s.%s.svc" $name $.Release.Namespace) (printf "%s.%s.svc.cluster.local" $name $.Release.Namespace)) -}}
{{- end -}}
{{- toYaml $names -}}
{{- end -}}
