#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What HiveMQ's images do before the broker starts, and what UMH's pods need besides. Each step is followed by exec, so the
# broker is process 1 and gets the signals.
#
#   HIVEMQ_HOME                    the home folder; found if it is not given, see find-home.sh
#   HIVEMQ_UID, HIVEMQ_GID         whom root steps down to, 10000
#   HIVEMQ_NO_ROOT_STEP_DOWN=true  root remains root
#   HIVEMQ_BIND_ADDRESS            for ${ENV:HIVEMQ_BIND_ADDRESS} in config.xml; by default the address of the host name
#
# HiveMQ's entrypoint deletes hivemq-allow-all-extension unless HIVEMQ_ALLOW_ALL_CLIENTS is true, also from a volume, and
# nothing brings it back. Here the folder stays, and the broker leaves it alone.

fail() {
  echo "ERROR! $1" >&2
  exit 1
}

# shellcheck source=deploy/docker/find-home.sh
. /opt/waggle/bin/find-home.sh

case $1 in
  */run.sh | run.sh) shift ;;
  # Another command, as in `docker run … sh`.
  *) exec "$@" ;;
esac

HIVEMQ_HOME=$(find_home)
export HIVEMQ_HOME
cd "$HIVEMQ_HOME" || fail "The home folder $HIVEMQ_HOME cannot be entered."
extensions=${HIVEMQ_EXTENSION_FOLDER:-extensions}
data=${HIVEMQ_DATA_FOLDER:-data}
log=${HIVEMQ_LOG_FOLDER:-log}

# UMH's hook copies into these folders meanwhile. Where one is missing it fails, and with it the container: before all else, then,
# in the order of the hook.
if [ -d /configs ]; then
  [ "$HIVEMQ_ALLOW_ALL_CLIENTS" = true ] || mkdir -p "$extensions/hivemq-file-rbac-extension"
  mkdir -p "$extensions/hivemq-heartbeat-extension" "$extensions/hivemq-prometheus-extension"
fi

if [ -z "$HIVEMQ_BIND_ADDRESS" ]; then
  for address in $(hostname -i 2>/dev/null); do
    case $address in 127.*) ;; *) HIVEMQ_BIND_ADDRESS=$address && break ;; esac
  done
  export HIVEMQ_BIND_ADDRESS
fi

# The folder of an extension, by which the broker recognises it, and its configuration out of UMH's ConfigMap. UMH's hook
# copies the same files, but at some moment after the start: until then the users of a demonstration could log in.
deliver() { # key of the ConfigMap, extension, file
  [ -f "/configs/$1" ] || return 0
  folder=$extensions/$2
  [ -d "$folder" ] || return 0
  # Volumes of older images belong to the broker's user: root writes to nothing that a link of his leads to.
  for file in "$folder" "$folder/hivemq-extension.xml" "$folder/$3"; do [ ! -L "$file" ] || return 0; done
  [ -f "$folder/hivemq-extension.xml" ] || cp "/opt/waggle/extensions/$2/hivemq-extension.xml" "$folder/"
  # As root, unless whoever runs this may not: then the hook, running as the same user, has to.
  cmp -s "/configs/$1" "$folder/$3" || cp "/configs/$1" "$folder/$3" || return 0
}
deliver heartbeat.xml hivemq-heartbeat-extension extension-config.xml
deliver prometheus.properties hivemq-prometheus-extension prometheusConfiguration.properties
# Only where it is to decide: UMH delivers the file also without.
if [ "$HIVEMQ_ALLOW_ALL_CLIENTS" != true ]; then
  deliver credentials.xml hivemq-file-rbac-extension credentials.xml
fi

if [ "$(id -u)" != 0 ] || [ "$HIVEMQ_NO_ROOT_STEP_DOWN" = true ]; then
  exec /opt/waggle/bin/run.sh "$@"
fi

user=${HIVEMQ_UID:-10000}
group=${HIVEMQ_GID:-10000}

# Of what is in data only our own is given away: HiveMQ's files stay as they are.
give() {
  [ ! -e "$1" ] || [ "$(stat -c %u:%g "$1")" = "$user:$group" ] || chown -R "$user:$group" "$1"
}
{ mkdir -p "$data" && chown "$user:$group" "$data" && chmod 700 "$data" && give "$data/waggle"; } ||
  fail "The data folder $data cannot be given to the user $user."
# Without these the broker works as well.
{ mkdir -p "$log" && chown "$user:$group" "$log"; } 2>/dev/null
archive=$extensions/hivemq-file-rbac-extension/credentials-archive
if [ -d "${archive%/*}" ] && [ ! -L "${archive%/*}" ]; then
  { mkdir -p "$archive" && chown -h "$user:$group" "$archive"; } 2>/dev/null
fi

# The working folder of the image, where `kubectl exec` begins.
if [ "$(readlink -f /opt/hivemq)" != "$(readlink -f "$HIVEMQ_HOME")" ]; then
  ln -sfn "$HIVEMQ_HOME" /opt/hivemq 2>/dev/null
fi

exec /usr/bin/setpriv --reuid "$user" --regid "$group" --clear-groups -- /opt/waggle/bin/run.sh "$@"
