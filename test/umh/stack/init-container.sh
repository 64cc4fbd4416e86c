#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What UMH's init container does: copies without a look at what is there. At the second start of a pod `cp -r` so puts each
# folder inside of the one that is there already. The exit status is that of the listing alone.
#
#   SOURCE        the extensions in its image
#   TARGET        the extensions claim
#   RBAC_ENABLED  true or false
if [ "$RBAC_ENABLED" = true ]; then
  cp -r "$SOURCE/hivemq-file-rbac-extension" "$TARGET/hivemq-file-rbac-extension"
else
  cp -r "$SOURCE/hivemq-allow-all-extension" "$TARGET/hivemq-allow-all-extension"
fi
cp -r "$SOURCE/hivemq-prometheus-extension" "$TARGET/hivemq-prometheus-extension"
cp -r "$SOURCE/hivemq-heartbeat-extension" "$TARGET/hivemq-heartbeat-extension"
ls "$TARGET"
