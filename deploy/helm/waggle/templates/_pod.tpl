{{- define "waggle.image" -}}
{{- $root := index . 0 -}}
{{- $image := (index . 1).image -}}
{{- $repository := $image.repository -}}
{{- with $image.registry }}{{ $repository = printf "%s/%s" (trimSuffix "/" .) $repository }}{{ end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest | quote -}}
{{- else -}}
{{- printf "%s:%s" $repository (toString ($image.tag | default $root.Chart.AppVersion)) | quote -}}
{{- end -}}
{{- end -}}

{{/* The MQTT ports: name, number within the pod, and number of the services. */}}
{{- define "waggle.ports" -}}
{{- $numbers := dict "mqtt" 1883 "mqtts" 8883 "ws" 8080 "wss" 8443 -}}
{{- $listeners := .listeners -}}
{{- $ports := list -}}
{{- range $name := list "mqtt" "mqtts" "ws" "wss" -}}
{{- $listener := get $listeners $name -}}
{{- if $listener.enabled -}}
{{- $ports = append $ports (dict "name" $name "number" (get $numbers $name) "port" (int $listener.port) "isTls" (has $name (list "mqtts" "wss"))) -}}
{{- end -}}
{{- end -}}
{{- if not $ports }}{{ fail "there is no listener: enable one of mqtt, mqtts, ws and wss" }}{{ end -}}
{{- toYaml $ports -}}
{{- end -}}

{{/* A given Secret under the names that config.xml has. */}}
{{- define "waggle.secretItems" -}}
{{- $given := .existingSecret -}}
{{- if eq $given.format "pem" -}}
- {key: {{ $given.certificateKey | quote }}, path: tls.crt}
- {key: {{ $given.privateKeyKey | quote }}, path: tls.key}
{{- with $given.trustedCertificatesKey }}
- {key: {{ . | quote }}, path: ca.crt}
{{- end }}
{{- else -}}
- {key: {{ $given.keystoreKey | quote }}, path: keystore.jks}
{{- with $given.truststoreKey }}
- {key: {{ . | quote }}, path: truststore.jks}
{{- end }}
{{- end }}
{{- end -}}
