#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Starts the broker, where HiveMQ has its launcher. The shell is replaced, so signals reach the broker itself.
#
#   HIVEMQ_HOME   the home folder; by default that of this installation, or the working folder for an installed npm package
#   WAGGLE_NODE   the Node to run with; by default that of the installation, else that of the PATH
#   JAVA_OPTS     -Dhivemq.*.folder=… and -Dhivemq.home=… count; there is no Java to take the rest
#
# HiveMQ's HIVEMQ_JMX_ENABLED, HIVEMQ_JMX_PORT and HIVEMQ_HEAPDUMP_FOLDER mean nothing here. Nothing is printed: HiveMQ's
# banner shows JAVA_OPTS, in which there may be passwords.

fail() {
  echo "ERROR! $1" >&2
  exit 1
}

# The folder of this file, whatever links lead to it.
script=$0
while [ -L "$script" ]; do
  link=$(readlink "$script")
  case $link in
    /*) script=$link ;;
    *) script=$(dirname -- "$script")/$link ;;
  esac
done
bin=$(CDPATH='' cd -- "$(dirname -- "$script")" && pwd -P) || fail "The folder of $0 cannot be found."
installation=$(dirname -- "$bin")

# An image has everything in one folder, as HiveMQ's; a source tree has its home and its bundle beside bin. npm throws all away
# that lies in an installed package, so data must not.
if [ -z "$HIVEMQ_HOME" ]; then
  case $installation in
    */node_modules/*)
      HIVEMQ_HOME=$(pwd)
      if [ $# = 0 ] && [ ! -f conf/config.xml ]; then
        fail "This folder has no conf/config.xml. Set HIVEMQ_HOME, or copy a home to begin with: cp -r $installation/home/. ."
      fi
      ;;
    *)
      if [ -d "$installation/conf" ]; then
        HIVEMQ_HOME=$installation
      else
        HIVEMQ_HOME=$installation/home
      fi
      ;;
  esac
fi
[ -d "$HIVEMQ_HOME" ] || fail "HIVEMQ_HOME points to $HIVEMQ_HOME, which is no folder."
export HIVEMQ_HOME

for bundle in "$bin/waggle.js" "$installation/dist/waggle.js"; do
  [ -f "$bundle" ] && break
done
[ -f "$bundle" ] || fail "There is no $bundle. In a source tree, \"npm run build\" makes it."

if [ -z "$WAGGLE_NODE" ]; then
  WAGGLE_NODE=$installation/node_modules/.bin/node
  [ -x "$WAGGLE_NODE" ] || WAGGLE_NODE=$(command -v node) || fail "There is no Node to run Waggle with. Install it, or name it in WAGGLE_NODE."
fi

# As glibc begins. By itself it raises this after the first large block that is freed, and keeps 7 MB of what the start needed.
export MALLOC_TRIM_THRESHOLD_="${MALLOC_TRIM_THRESHOLD_:-131072}"

# Objects may take most of the memory of the container. V8 by itself gives up at half of it, before the broker refuses anything:
# in 512 MiB it could not start any more with 100 000 sessions in its store.
# Young ones have 4 MB instead of 16: 10 000 clients that connect leave 20 MB less, and throughput is the same.
exec "$WAGGLE_NODE" --max-old-space-size-percentage=80 --max-semi-space-size=4 --enable-source-maps "$bundle" "$@"
