{{/* One TLS section, for listeners that HiveMQ has. Called with a list: settings, listener. */}}
{{- define "waggle.tlsXml" -}}
{{- $tls := (index . 0).tls -}}
{{- $listener := index . 1 -}}
<tls>
{{- with $listener.tls_versions }}
  <protocols>
  {{- range . }}
    <protocol>{{ . | html }}</protocol>
  {{- end }}
  </protocols>
{{- end }}
{{- if $tls.files.keystore }}
  <keystore>
    <path>{{ $tls.files.keystore }}</path>
  {{- if $tls.passwords.existingSecret }}
    <password>${ENV:WAGGLE_KEYSTORE_PASSWORD}</password>
    <private-key-password>${ENV:WAGGLE_PRIVATE_KEY_PASSWORD}</private-key-password>
  {{- else }}
    <password>{{ $tls.keystore.password | html }}</password>
    <private-key-password>{{ $tls.keystore.privateKeyPassword | html }}</private-key-password>
  {{- end }}
  </keystore>
{{- end }}
{{- if and $tls.files.truststore (ne $tls.clientAuthentication "NONE") }}
  <truststore>
    <path>{{ $tls.files.truststore }}</path>
  {{- if $tls.passwords.existingSecret }}
    <password>${ENV:WAGGLE_TRUSTSTORE_PASSWORD}</password>
  {{- else }}
    <password>{{ $tls.truststore.password | html }}</password>
  {{- end }}
  </truststore>
{{- end }}
  <client-authentication-mode>{{ $tls.clientAuthentication }}</client-authentication-mode>
{{- with $listener.cipher_suites }}
  <cipher-suites>
  {{- range . }}
    <cipher-suite>{{ . | html }}</cipher-suite>
  {{- end }}
  </cipher-suites>
{{- end }}
  <prefer-server-cipher-suites>true</prefer-server-cipher-suites>
</tls>
{{- end -}}

{{- define "waggle.websocketXml" -}}
<path>/mqtt</path>
<subprotocols>
  <subprotocol>mqttv3.1</subprotocol>
  <subprotocol>mqtt</subprotocol>
</subprotocols>
<allow-extensions>true</allow-extensions>
{{- end -}}

{{/* What HiveMQ has no element for, under the name of the listener. Called with a list: settings, name, values, whether it has TLS. */}}
{{- define "waggle.listenerXml" -}}
{{- $tls := (index . 0).tls -}}
{{- $proxies := (index . 2).trustedProxies -}}
{{- $pem := and (index . 3) $tls.files.certificate -}}
{{- if and (index . 2).enabled (or $proxies $pem) -}}
<listener>
  <name>{{ index . 1 }}</name>
{{- if $proxies }}
  <proxy-protocol>
    <trusted-networks>
    {{- range $proxies }}
      <network>{{ . | html }}</network>
    {{- end }}
    </trusted-networks>
  </proxy-protocol>
{{- end }}
{{- if $pem }}
  <tls>
    <certificate>{{ $tls.files.certificate }}</certificate>
    <private-key>{{ $tls.files.privateKey }}</private-key>
  {{- if and $tls.files.trusted (ne $tls.clientAuthentication "NONE") }}
    <trusted-certificates>{{ $tls.files.trusted }}</trusted-certificates>
  {{- end }}
  </tls>
{{- end }}
</listener>
{{ end -}}
{{- end -}}

{{/* The inside of <waggle> without what config.waggle adds. */}}
{{- define "waggle.waggleXml" -}}
{{- $s := . -}}
{{- $listeners := "" -}}
{{- range $one := list (list "hivemq-mqtt" "mqtt" false) (list "hivemq-secure-mqtt" "mqtts" true) (list "hivemq-websocket" "ws" false) (list "hivemq-secure-websocket" "wss" true) -}}
{{- $listeners = print $listeners (include "waggle.listenerXml" (list $s (index $one 0) (get $s.listeners (index $one 1)) (index $one 2))) -}}
{{- end -}}
{{- with $listeners | trim -}}
<listeners>
  {{- . | nindent 2 }}
</listeners>
{{ end -}}
{{- $size := int64 $s.config.maxDiskUsage -}}
{{- if or $size (not $s.legacyConfig) -}}
<persistence>
{{- if not $s.legacyConfig }}
  <durability>{{ $s.config.durability }}</durability>
{{- end }}
{{- if $size }}
  <max-disk-usage>{{ $size }}</max-disk-usage>
{{- end }}
</persistence>
{{ end -}}
{{- end -}}

{{/* Of an element that is given twice the broker takes the last. Called with a list: the key of the values, its text, what the chart writes. */}}
{{- define "waggle.checkAddition" -}}
{{- $written := index . 2 -}}
{{- $key := index . 0 -}}
{{- $text := index . 1 -}}
{{- range list "listeners" "mqtt" "security" "persistence" "mqtt-addons" -}}
{{- $start := printf "(?m)^<%s>" . -}}
{{- if and (regexMatch $start $written) (regexMatch (printf "<%s[ >/]" .) $text) -}}
{{- fail (printf "%s has <%s>, which this chart writes too, and of which one only would count: use the values that there are for it, or give the whole file as config.xml" $key .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What UMH's charts write besides: HiveMQ CE reads none of it, and Waggle says so once for each. */}}
{{- define "waggle.legacyXml" -}}
<persistence>
  <client-session>
    <general><mode>file</mode></general>
    <queued-messages>
      <max-queued-messages>1800000</max-queued-messages>
      <queued-messages-strategy>discard-oldest</queued-messages-strategy>
      <mode>file</mode>
    </queued-messages>
    <subscriptions><mode>file</mode></subscriptions>
  </client-session>
  <message-flow>
    <incoming><mode>file</mode></incoming>
    <outgoing><mode>file</mode></outgoing>
  </message-flow>
  <retained-messages><mode>file</mode></retained-messages>
  <publish-payloads><mode>file</mode></publish-payloads>
  <attribute><mode>file</mode></attribute>
  <client-group><mode>file</mode></client-group>
</persistence>
<security>
  <allow-empty-client-id><enabled>false</enabled></allow-empty-client-id>
  <utf8-validation><enabled>true</enabled></utf8-validation>
</security>
<mqtt-addons>
  <dead-messages-topic><enabled>true</enabled></dead-messages-topic>
  <expired-messages-topic><enabled>true</enabled></expired-messages-topic>
  <dropped-messages-topic><enabled>true</enabled></dropped-messages-topic>
</mqtt-addons>
{{- end -}}

{{- define "waggle.settingsXml" -}}
{{- $config := .config -}}
<mqtt>
  <queued-messages>
    <max-queue-size>{{ int64 $config.maxQueueSize }}</max-queue-size>
    <strategy>{{ $config.queueStrategy }}</strategy>
  </queued-messages>
  <retained-messages><enabled>{{ $config.retainedMessages }}</enabled></retained-messages>
</mqtt>
<security>
  <allow-empty-client-id><enabled>{{ $config.allowEmptyClientId }}</enabled></allow-empty-client-id>
</security>
<persistence><mode>{{ $config.persistence }}</mode></persistence>
{{- end -}}

{{- define "waggle.configXml" -}}
{{- $s := . -}}
{{- $listeners := $s.listeners -}}
<?xml version="1.0"?>
<hivemq xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <listeners>
{{- if $listeners.mqtt.enabled }}
    <tcp-listener>
      <port>1883</port>
      <bind-address>0.0.0.0</bind-address>
      <name>hivemq-mqtt</name>
    </tcp-listener>
{{- end }}
{{- if $listeners.mqtts.enabled }}
    <tls-tcp-listener>
      <port>8883</port>
      <bind-address>0.0.0.0</bind-address>
      <name>hivemq-secure-mqtt</name>
      {{- include "waggle.tlsXml" (list $s $listeners.mqtts) | nindent 6 }}
    </tls-tcp-listener>
{{- end }}
{{- if $listeners.ws.enabled }}
    <websocket-listener>
      <port>8080</port>
      <bind-address>0.0.0.0</bind-address>
      <name>hivemq-websocket</name>
      {{- include "waggle.websocketXml" . | nindent 6 }}
    </websocket-listener>
{{- end }}
{{- if $listeners.wss.enabled }}
    <tls-websocket-listener>
      <port>8443</port>
      <bind-address>0.0.0.0</bind-address>
      <name>hivemq-secure-websocket</name>
      {{- include "waggle.websocketXml" . | nindent 6 }}
      {{- include "waggle.tlsXml" (list $s $listeners.wss) | nindent 6 }}
    </tls-websocket-listener>
{{- end }}
  </listeners>
{{- $written := include (ternary "waggle.legacyXml" "waggle.settingsXml" $s.legacyConfig) $s }}
{{- if and $s.legacyConfig (not $s.config.retainedMessages) }}
{{- $written = print $written "\n<mqtt>\n  <retained-messages><enabled>false</enabled></retained-messages>\n</mqtt>" }}
{{- end }}
  {{- $written | nindent 2 }}
{{- with $s.config.extra }}
  {{- include "waggle.checkAddition" (list "config.extra" . (print "<listeners>\n" $written)) }}
  {{- . | trim | nindent 2 }}
{{- end }}
{{- $inside := include "waggle.waggleXml" $s | trim }}
{{- with $s.config.waggle }}
{{- include "waggle.checkAddition" (list "config.waggle" . $inside) }}
{{- $inside = print $inside "\n" (trim .) | trim }}
{{- end }}
{{- with $inside }}
  <waggle>
    {{- . | nindent 4 }}
  </waggle>
{{- end }}
</hivemq>
{{- end -}}
