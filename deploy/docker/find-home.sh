# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
#
# UMH's chart mounts conf, data and extensions below /opt/hivemq-ce-<version>. Up to chart 0.15 the version is the tag of the
# image, so the folder can have any name; the container runtime makes it if the image has none.

IMAGE_HOME=/opt/hivemq-ce-2024.1

# Prints the home folder: HIVEMQ_HOME, else where UMH's mounts are, else that of the image.
find_home() {
  if [ -n "$HIVEMQ_HOME" ]; then
    echo "$HIVEMQ_HOME"
    return
  fi
  mounted=
  for folder in /opt/hivemq-ce-*; do
    # The image's own always has a config.xml, and the links lead to it. What else is there has been mounted.
    if [ -L "$folder" ] || [ ! -d "$folder" ] || [ "$folder" = "$IMAGE_HOME" ]; then continue; fi
    if [ -f "$folder/conf/config.xml" ]; then
      echo "$folder"
      return
    fi
    mounted=${mounted:-$folder}
  done
  echo "${mounted:-$IMAGE_HOME}"
}
