#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Builds the root file system of the image in an empty folder, on a Debian with the packages in deploy/docker/packages and
# after `npm ci`. The Dockerfile and the rehearsal of UMH (test/umh) both run it: what is tested is what is shipped.
#
#   build-root.sh FOLDER
#
# Not a distribution without what is not needed, but what is needed and nothing else: a base image has 80 MB that nobody uses
# here, and each package in it is one more to update.
set -euo pipefail
root=$(realpath -m "$1")
cd "$(dirname "$0")/../.."

# WAGGLE_BUILT=1: dist is there. Tests build it once; others of them may be reading it now.
[ "${WAGGLE_BUILT:-}" = 1 ] || npm run --silent build
[ -z "$(ls -A "$root" 2>/dev/null)" ] || { echo "$root is not empty" >&2; exit 1; }
mkdir -p "$root"/{dev,etc,proc,root,sys,usr/{bin,lib,lib64,sbin},usr/local/bin,var/lib/dpkg/status.d}
for folder in bin lib lib64 sbin; do ln -s "usr/$folder" "$root/$folder"; done
mkdir -m 1777 "$root/tmp"

copied=()
add() { # file, its place
  install -D -m 755 "$1" "$root$2"
  copied+=("$1")
}

# The shell, cp and ls that UMH's hook and its users need, tar for `kubectl cp`; and what lets root step down. busybox has
# a setpriv too, but not for users.
add "$(command -v busybox)" /usr/bin/busybox
for applet in $(busybox --list); do
  case $applet in busybox | setpriv) ;; *) ln -s busybox "$root/usr/bin/$applet" ;; esac
done
add "$(command -v setpriv)" /usr/bin/setpriv

# Without its symbols Node is 33 MB smaller. Copied once more, since strip writes it in pieces so large that the kernel keeps them
# in huge pages, and maps 32 MB more of it than is used: 119 MB of resident memory instead of 87, until the file is read anew.
strip -o "$root/tmp/node" node_modules/node/bin/node
install -m 755 "$root/tmp/node" "$root/usr/local/bin/node"
rm "$root/tmp/node"

waggle=$root/opt/waggle
mkdir -p "$waggle/bin"
# Not all of dist: benchmarks leave their results there.
cp dist/*.{js,cjs,map} "$waggle/bin/"
cp LICENSE "$waggle/"
cp -r deploy/docker/extensions "$waggle/extensions"
install -m 755 bin/run.sh deploy/docker/find-home.sh "$waggle/bin/"
install -m 755 deploy/docker/docker-entrypoint.sh "$root/opt/docker-entrypoint.sh"
install -m 755 deploy/docker/{java,waggle} "$root/usr/local/bin/"
node_modules/node/bin/node scripts/deploy/copy-packages.ts "$waggle/node_modules"

# The libraries of all these, and the loader.
mapfile -t native < <(find "$waggle/node_modules" -name '*.node')
while read -r library; do
  add "$library" "$library"
done < <(ldd "$root/usr/local/bin/node" "$root/usr/bin/busybox" "$root/usr/bin/setpriv" "${native[@]}" |
  grep -o '/[^ :]*\.so[^ :]*' | grep -v "^$root" | sort -u)
# Scanners read from here which packages the files are of; their licences want to go with them.
# Debian has some of them recorded below /usr and some not, whichever way one looks.
packages=$(dpkg -S "${copied[@]}" "${copied[@]/#/\/usr}" "${copied[@]#/usr}" 2>/dev/null | cut -d: -f1 | sort -u || true)
for package in $packages; do
  dpkg-query -s "$package" >"$root/var/lib/dpkg/status.d/$package"
  install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
done

# HiveMQ's home, where each of its images up to 2024.1 has it. Links, so that mounts below any of the names UMH has used, and
# below /opt/hivemq, come together in one folder.
home=$root/opt/hivemq-ce-2024.1
cp -r home "$home"
rm -rf "$home"/{data,log}
mkdir -p "$home"/{data,log,bin}
ln -s /opt/waggle/bin/run.sh "$home/bin/run.sh"
for name in hivemq hivemq-ce-2022.1 hivemq-ce-2023.7; do ln -s hivemq-ce-2024.1 "$root/opt/$name"; done
ln -s /opt/hivemq "$waggle/home"

cat >"$root/etc/passwd" <<'PASSWD'
root:x:0:0:root:/root:/bin/sh
hivemq:x:10000:10000:HiveMQ:/opt/hivemq:/bin/sh
PASSWD
cat >"$root/etc/group" <<'GROUP'
root:x:0:
hivemq:x:10000:
GROUP
chmod -R go=u-w "$root/opt" "$root/etc"
chown 10000:10000 "$home/data" "$home/log"
chmod 700 "$home/data"
