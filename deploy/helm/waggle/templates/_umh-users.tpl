{{/*
The users and roles of UMH's charts up to 0.15.0. The hashes are UMH's, printed in its values; each is of the same password that
everybody knows, so they are there only when UMH's values are.
*/}}
{{- define "waggle.umhUsers" -}}
{{- $root := index . 0 -}}
{{- $s := index . 1 -}}
{{- $v := $root.Values.AsMap -}}
{{- $hash := dict -}}
{{- $_ := set $hash "MQTT_KAFKA_BRIDGE" (dig "mqttkafkabridge" "mqtt" "encryptedPassword" "" $v | default "WDRkN1c4MnpVb3BsS25qZG5qbkcxSUFuQm5kVVZVbW4=:100:H/o0vsDqmVfzkoLU6rPG8C7+0gzYjkH2E7q3+/5aXKFlSYEyBO/tiin02gxpcB0A/1j7fudGbZhQfI+dZa1GCQ==") -}}
{{- $_ := set $hash "SENSORCONNECT" (dig "sensorconnect" "mqtt" "encryptedPassword" "" $v | default "ZVF5bDJ4TWtjVXVWZVVESlRXZU1DSHA4cDdHbUhKSEc=:100:B42+ySldBE+uilWricvIif+UJ0oW5iXafloUyiZclbYoQOOthOet5NQAKCTHITDSHadxvjbgfiF/908QmwqZOw==") -}}
{{- $_ := set $hash "IOTSENSORSMQTT" (dig "iotsensorsmqtt" "mqtt" "encryptedPassword" "" $v | default "T3VSY2szQ0diWDkyOGpoSGpDQzVqc29VZlJ2UkxiOTI=:100:6qxZS+Bhn8QXrF1dUo6fU9Eg/esjw6zipq6xv9uct84Jyhv0mJTUi5SHSBW4TbF66vBOrE3JnZ//rUutEl8/Bw==") -}}
{{- $_ := set $hash "PACKMLSIMULATOR" (dig "packmlmqttsimulator" "env" "mqtt" "encryptedPassword" "" $v | default "ZzBCbzEyaWlnZkRjbndTa2RLTW1aSmlsOWtQSWtpak0=:100:9FWqFUN88VPio9yFR59XbE9fr/GUkM1fnKCNn2wvK06MMtKp5LPtUrTCOLhHgkFQ6IMw92wi9HTsLRFxnM+reQ==") -}}
{{- $_ := set $hash "node-red" (dig "nodered" "mqtt" "encryptedPassword" "" $v | default "aVptalRWUk5Dd0QxQmtlekRYcnlZemJ3VTJKMTlDZWE=:100:PrJcg4O5Y371AnbS+Qt//rdNhjeBfkpWm24B0TBQPmNC+3ANbjIpFoJUh/gfBZHdE8fI6DwU8/u7RSjBuSTRkA==") -}}
{{- $users := list -}}
{{- $users = append $users (dict "name" "MQTT_KAFKA_BRIDGE" "password" (get $hash "MQTT_KAFKA_BRIDGE") "roles" (list "ia_read_write")) -}}
{{- $users = append $users (dict "name" "SENSORCONNECT" "password" (get $hash "SENSORCONNECT") "roles" (list "ia_read_write")) -}}
{{- $users = append $users (dict "name" "IOTSENSORSMQTT" "password" (get $hash "IOTSENSORSMQTT") "roles" (list "ia_raw")) -}}
{{- $users = append $users (dict "name" "PACKMLSIMULATOR" "password" (get $hash "PACKMLSIMULATOR") "roles" (list "packmlsimulator")) -}}
{{- $users = append $users (dict "name" "node-red" "password" (get $hash "node-red") "roles" (list "packmlsimulator" "umh_read_write" "ia_read_write")) -}}
{{- $line := printf "%s/%s/%s/#" (dig "packmlmqttsimulator" "env" "site" "testLocation" $v) (dig "packmlmqttsimulator" "env" "area" "DefaultArea" $v) (dig "packmlmqttsimulator" "env" "productionline" "DefaultProductionLine" $v) -}}
{{- $roles := list -}}
{{- range $id, $topic := dict "umh_read_write" "umh/#" "ia_read_write" "ia/#" "ia_raw" "ia/raw/#" "packmlsimulator" $line -}}
{{- $roles = append $roles (dict "id" $id "permissions" (list (dict "topic" $topic))) -}}
{{- end -}}
{{- $_ := set $s.rbac "users" (concat $users $s.rbac.users) -}}
{{- $_ := set $s.rbac "roles" (concat $roles $s.rbac.roles) -}}
{{- end -}}
