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

{{/* PEM files, under the name of the listener: HiveMQ has no element for them. */}}
{{- define "waggle.pemXml" -}}
{{- $tls := (index . 0).tls -}}
<listener>
  <name>{{ index . 1 }}</name>
  <tls>
    <certificate>{{ $tls.files.certificate }}</certificate>
    <private-key>{{ $tls.files.privateKey }}</private-key>
  {{- if and $tls.files.trusted (ne $tls.clientAuthentication "NONE") }}
    <trusted-certificates>{{ $tls.files.trusted }}</trusted-certificates>
  {{- end }}
  </tls>
</listener>
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
{{- if $s.legacyConfig }}
  {{- include "waggle.legacyXml" . | nindent 2 }}
{{- if not $s.config.retainedMessages }}
  <mqtt>
    <retained-messages><enabled>false</enabled></retained-messages>
  </mqtt>
{{- end }}
{{- else }}
  {{- include "waggle.settingsXml" $s | nindent 2 }}
{{- end }}
{{- with $s.config.extra }}
  {{- . | trim | nindent 2 }}
{{- end }}
{{- $pem := and $s.usesTls $s.tls.files.certificate }}
{{- if or $pem (not $s.legacyConfig) $s.config.waggle }}
  <waggle>
{{- if $pem }}
    <listeners>
    {{- if $listeners.mqtts.enabled }}
      {{- include "waggle.pemXml" (list $s "hivemq-secure-mqtt") | nindent 6 }}
    {{- end }}
    {{- if $listeners.wss.enabled }}
      {{- include "waggle.pemXml" (list $s "hivemq-secure-websocket") | nindent 6 }}
    {{- end }}
    </listeners>
{{- end }}
{{- if not $s.legacyConfig }}
    <persistence><durability>{{ $s.config.durability }}</durability></persistence>
{{- end }}
{{- with $s.config.waggle }}
    {{- . | trim | nindent 4 }}
{{- end }}
  </waggle>
{{- end }}
</hivemq>
{{- end -}}
