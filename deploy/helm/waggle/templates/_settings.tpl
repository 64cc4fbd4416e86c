{{/*
What the templates go by: this chart's values with UMH's laid over them. UMH's are mapped here and nowhere else.
*/}}
{{- define "waggle.settings" -}}
{{- $s := deepCopy (pick .Values "image" "home" "listeners" "service" "tls" "rbac" "config" "persistence" "resources") -}}
{{- $_ := set $s "enabled" true -}}
{{- $_ := set $s "legacyConfig" false -}}
{{- $_ := set $s "era" "" -}}
{{- $common := .Values._000_commonConfig | default dict -}}
{{- if not .Values._001_mqttConfig -}}
{{- if or .Values.mqtt_broker (dig "infrastructure" "mqtt" dict $common) -}}
{{- include "waggle.settingsUntil015" (list . $s) -}}
{{- end -}}
{{- else -}}
{{- include "waggle.settingsFrom016" (list . $s) -}}
{{- end -}}
{{- if not $s.listeners.wss.tls_versions }}{{ $_ := set $s.listeners.wss "tls_versions" $s.listeners.mqtts.tls_versions }}{{ end -}}
{{- if not $s.listeners.wss.cipher_suites }}{{ $_ := set $s.listeners.wss "cipher_suites" $s.listeners.mqtts.cipher_suites }}{{ end -}}
{{- $_ := set $s "usesTls" (or $s.listeners.mqtts.enabled $s.listeners.wss.enabled) -}}
{{- $_ := set $s "home" ($s.home | default "/opt/hivemq-ce-2024.1") -}}
{{- include "waggle.certificateSource" (list . $s) -}}
{{- toYaml $s -}}
{{- end -}}

{{/* Charts up to 0.15.0. */}}
{{- define "waggle.settingsUntil015" -}}
{{- $root := index . 0 -}}
{{- $s := index . 1 -}}
{{- $broker := $root.Values.mqtt_broker | default dict -}}
{{- $common := $root.Values._000_commonConfig | default dict -}}
{{- $mqtt := dig "infrastructure" "mqtt" dict $common -}}
{{- $_ := set $s "era" "0.15" -}}
{{- $_ := set $s "enabled" (dig "enabled" true $mqtt) -}}
{{- $_ := set $s "legacyConfig" true -}}
{{- /* UMH's own image here would be HiveMQ's, for which this chart has no extensions. */ -}}
{{- with dig "image" "repository" "" $broker }}{{ if not (hasSuffix "hivemq/hivemq-ce" .) }}{{ $_ := set $s.image "repository" . }}{{ if dig "image" "tag" "" $broker }}{{ $_ := set $s.image "tag" (toString $broker.image.tag) }}{{ end }}{{ end }}{{ end -}}
{{- with dig "image" "pullPolicy" "" $broker }}{{ $_ := set $s.image "pullPolicy" . }}{{ end -}}
{{- with dig "image" "tag" "" $broker }}{{ if not $s.home }}{{ $_ := set $s "home" (printf "/opt/hivemq-ce-%s" (toString .)) }}{{ end }}{{ end -}}
{{- with $broker.resources }}{{ $_ := set $s "resources" . }}{{ end -}}
{{- with dig "persistence" "storage" "size" "" $broker }}{{ $_ := set $s.persistence.data "size" . }}{{ end -}}
{{- with dig "persistence" "extension" "size" "" $broker }}{{ $_ := set $s.persistence.extensions "size" . }}{{ end -}}
{{- range $kind, $given := omit ($broker.service | default dict) "type" -}}
{{- $_ := set $s.listeners $kind (mergeOverwrite (get $s.listeners $kind | default dict) (deepCopy $given)) -}}
{{- end -}}
{{- $_ := set $s.service.mqtt "type" "LoadBalancer" -}}
{{- $_ := set $s.service.external "enabled" false -}}
{{- $_ := set $s.service.vernemq "enabled" true -}}
{{- $tls := $mqtt.tls | default dict -}}
{{- $_ := set $s.tls "clientAuthentication" "REQUIRED" -}}
{{- $_ := set $s.tls.keystore "base64" ($tls.keystoreBase64 | default $s.tls.keystore.base64) -}}
{{- $_ := set $s.tls.keystore "password" ($tls.keystorePassword | default $s.tls.keystore.password | default "changeme") -}}
{{- $_ := set $s.tls.keystore "privateKeyPassword" ($tls.privateKeyPassword | default $s.tls.keystore.privateKeyPassword | default "changeme") -}}
{{- $_ := set $s.tls.truststore "base64" ($tls.truststoreBase64 | default $s.tls.truststore.base64) -}}
{{- $_ := set $s.tls.truststore "password" ($tls.truststorePassword | default $s.tls.truststore.password | default "changeme") -}}
{{- $_ := set $s.rbac "enabled" (dig "rbacEnabled" $s.rbac.enabled $broker) -}}
{{- if $mqtt.adminUser }}{{ $_ := set $s.rbac "adminUser" (mergeOverwrite $s.rbac.adminUser (deepCopy $mqtt.adminUser)) }}{{ end -}}
{{- include "waggle.umhUsers" (list $root $s) -}}
{{- end -}}

{{/* Charts from 0.16.0 on. */}}
{{- define "waggle.settingsFrom016" -}}
{{- $root := index . 0 -}}
{{- $s := index . 1 -}}
{{- $mqtt := $root.Values._001_mqttConfig.mqtt | default dict -}}
{{- $_ := set $s "era" "0.16" -}}
{{- $_ := set $s "legacyConfig" true -}}
{{- $_ := set $s.config "retainedMessages" false -}}
{{- $_ := set $s.service.external "enabled" (dig "external" "enabled" true $mqtt) -}}
{{- $_ := set $s.service.external "tlsOnly" (dig "external" "tlsOnly" false $mqtt) -}}
{{- $_ := set $s.service.vernemq "enabled" (dig "enableLegacyMQTTService" false ($root.Values._003_legacyConfig | default dict)) -}}
{{- $_ := set $s.tls "clientAuthentication" (ternary "REQUIRED" "OPTIONAL" (dig "external" "requireMutualAuth" false $mqtt)) -}}
{{- $certificates := $mqtt.certificates | default dict -}}
{{- $_ := set $s.tls.keystore "base64" (dig "keystore" "pkcs" "" $certificates | default $s.tls.keystore.base64) -}}
{{- $_ := set $s.tls.keystore "password" (dig "keystore" "password" "" $certificates | default $s.tls.keystore.password | default "changeme") -}}
{{- $_ := set $s.tls.keystore "privateKeyPassword" (dig "keystore" "privatekeypassword" "" $certificates | default $s.tls.keystore.privateKeyPassword | default "changeme") -}}
{{- $_ := set $s.tls.truststore "base64" (dig "truststore" "pkcs" "" $certificates | default $s.tls.truststore.base64) -}}
{{- $_ := set $s.tls.truststore "password" (dig "truststore" "password" "" $certificates | default $s.tls.truststore.password | default "changeme") -}}
{{- end -}}

{{/* Sets tls.source, tls.secretName and tls.files: where each file of the certificate is, empty for those that are not there. */}}
{{- define "waggle.certificateSource" -}}
{{- $root := index . 0 -}}
{{- $tls := (index . 1).tls -}}
{{- $own := printf "%s-secret-keystore" (include "waggle.broker" $root) -}}
{{- $pem := dict "certificate" "/stores/tls.crt" "privateKey" "/stores/tls.key" "trusted" "/stores/ca.crt" "keystore" "" "truststore" "" -}}
{{- $jks := dict "certificate" "" "privateKey" "" "trusted" "" "keystore" "/stores/keystore.jks" "truststore" "/stores/truststore.jks" -}}
{{- if $tls.existingSecret.name -}}
{{- $_ := set $tls "source" "existingSecret" -}}
{{- $_ := set $tls "secretName" $tls.existingSecret.name -}}
{{- if eq $tls.existingSecret.format "pem" -}}
{{- if not $tls.existingSecret.trustedCertificatesKey }}{{ $_ := set $pem "trusted" "" }}{{ end -}}
{{- $_ := set $tls "files" $pem -}}
{{- else -}}
{{- if not $tls.existingSecret.truststoreKey }}{{ $_ := set $jks "truststore" "" }}{{ end -}}
{{- $_ := set $tls "files" $jks -}}
{{- end -}}
{{- else if $tls.certManager.enabled -}}
{{- $_ := set $tls "source" "certManager" -}}
{{- $_ := set $tls "secretName" (printf "%s-tls" (include "waggle.broker" $root)) -}}
{{- if not $tls.certManager.hasCaCertificate }}{{ $_ := set $pem "trusted" "" }}{{ end -}}
{{- $_ := set $tls "files" $pem -}}
{{- else if $tls.keystore.base64 -}}
{{- $_ := set $tls "source" "keystore" -}}
{{- $_ := set $tls "secretName" $own -}}
{{- if not $tls.truststore.base64 }}{{ $_ := set $jks "truststore" "" }}{{ end -}}
{{- $_ := set $tls "files" $jks -}}
{{- else -}}
{{- $_ := set $tls "source" "selfSigned" -}}
{{- $_ := set $tls "secretName" $own -}}
{{- $_ := set $tls "files" $pem -}}
{{- end -}}
{{- if and (not $tls.files.trusted) (not $tls.files.truststore) (ne $tls.clientAuthentication "NONE") -}}
{{- if eq $tls.clientAuthentication "REQUIRED" -}}
{{- fail "tls.clientAuthentication is REQUIRED, but there is nothing to check client certificates with: give a trust store (tls.truststore.base64, in UMH's values truststoreBase64 or truststore.pkcs), or a Secret with ca.crt" -}}
{{- end -}}
{{- /* Nobody could show a certificate that is trusted: the same as not asking for one. */ -}}
{{- $_ := set $tls "clientAuthentication" "NONE" -}}
{{- end -}}
{{- end -}}
