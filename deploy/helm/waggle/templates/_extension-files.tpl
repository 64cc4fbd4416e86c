{{/* credentials.xml of the file RBAC extension. */}}
{{- define "waggle.credentialsXml" -}}
{{- $rbac := .rbac -}}
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<file-rbac>
  <users>
  {{- range $rbac.users }}
    <user>
      <name>{{ .name | html }}</name>
      <password>{{ .password | html }}</password>
      <roles>
      {{- range .roles }}
        <id>{{ . | html }}</id>
      {{- end }}
      </roles>
    </user>
  {{- end }}
  {{- if $rbac.adminUser.enabled }}
    <user>
      <name>{{ $rbac.adminUser.name | html }}</name>
      <password>{{ required "adminUser.encryptedPassword is missing: make one with java -jar x.jar -p <password> in the pod" $rbac.adminUser.encryptedPassword | html }}</password>
      <roles><id>superuser</id></roles>
    </user>
  {{- end }}
  </users>
  <roles>
  {{- range $rbac.roles }}
    <role>
      <id>{{ .id | html }}</id>
      <permissions>
      {{- range .permissions }}
        <permission>
          <topic>{{ .topic | html }}</topic>
        {{- with .activity }}
          <activity>{{ . }}</activity>
        {{- end }}
        {{- with .qos }}
          <qos>{{ . }}</qos>
        {{- end }}
        {{- with .retain }}
          <retain>{{ . }}</retain>
        {{- end }}
        {{- with .sharedSubscription }}
          <shared-subscription>{{ . }}</shared-subscription>
        {{- end }}
        {{- with .sharedGroup }}
          <shared-group>{{ . | html }}</shared-group>
        {{- end }}
        </permission>
      {{- end }}
      </permissions>
    </role>
  {{- end }}
    <role>
      <id>superuser</id>
      <permissions>
      {{- /* UMH writes the four into one permission, of which HiveMQ keeps the last only. */}}
      {{- range list "#" "$dropped/#" "$expired/#" "$dead/#" }}
        <permission><topic>{{ . }}</topic></permission>
      {{- end }}
      </permissions>
    </role>
  </roles>
</file-rbac>
{{- end -}}

{{- define "waggle.heartbeatXml" -}}
<?xml version="1.0" encoding="UTF-8"?>
<heartbeat-extension-configuration>
  <port>9090</port>
  <bind-address>0.0.0.0</bind-address>
  <path>{{ .Values.heartbeat.path }}</path>
</heartbeat-extension-configuration>
{{- end -}}

{{- define "waggle.prometheusProperties" -}}
ip=0.0.0.0
port=9399
metric_path={{ .Values.prometheus.path }}
{{- end -}}

{{/* hivemq-extension.xml. Called with a list: id, name, priority, start priority. */}}
{{- define "waggle.extensionXml" -}}
<hivemq-extension>
  <id>{{ index . 0 }}</id>
  <name>{{ index . 1 }}</name>
  <version>1.0.0</version>
  <priority>{{ index . 2 }}</priority>
  <start-priority>{{ index . 3 }}</start-priority>
</hivemq-extension>
{{- end -}}

{{/*
The folders below extensions/, each with the file from which the broker recognises it and the configuration where it is read:
no hook that copies, and what changes in a ConfigMap arrives as a whole. Renders a map: folder to sources of a projected volume.
*/}}
{{- define "waggle.extensionFolders" -}}
{{- $root := index . 0 -}}
{{- $s := index . 1 -}}
{{- $folders := printf "%s-extension-folders" (include "waggle.broker" $root) -}}
{{- $extension := printf "%s-extension" (include "waggle.broker" $root) -}}
{{- $credentials := dict "configMap" (dict "name" ($s.rbac.existingConfigMap | default $extension) "items" (list (dict "key" "credentials.xml" "path" "credentials.xml"))) -}}
{{- if $s.rbac.existingSecret -}}
{{- $credentials = dict "secret" (dict "name" $s.rbac.existingSecret "items" (list (dict "key" "credentials.xml" "path" "credentials.xml"))) -}}
{{- end -}}
{{- if $s.rbac.enabled }}
hivemq-file-rbac-extension:
  - configMap:
      name: {{ $folders }}
      items:
        - {key: file-rbac.xml, path: hivemq-extension.xml}
        - {key: file-rbac-configuration.xml, path: extension-config.xml}
  - {{- toYaml $credentials | nindent 4 }}
{{- else }}
hivemq-allow-all-extension:
  - configMap:
      name: {{ $folders }}
      items:
        - {key: allow-all.xml, path: hivemq-extension.xml}
{{- end }}
hivemq-heartbeat-extension:
  - configMap:
      name: {{ $folders }}
      items:
        - {key: heartbeat.xml, path: hivemq-extension.xml}
  - configMap:
      name: {{ $extension }}
      items:
        - {key: heartbeat.xml, path: extension-config.xml}
hivemq-prometheus-extension:
  - configMap:
      name: {{ $folders }}
      items:
        - {key: prometheus.xml, path: hivemq-extension.xml}
  - configMap:
      name: {{ $extension }}
      items:
        - {key: prometheus.properties, path: prometheusConfiguration.properties}
{{- end -}}
