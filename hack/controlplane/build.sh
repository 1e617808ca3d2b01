#!/usr/bin/env bash
# Prints the folder that holds kube-apiserver and etcd, and builds them there when they are missing.
# Looked for in this order: KUBEBUILDER_ASSETS, the user's cache folder, setup-envtest's download, a build
# from the Go module proxy. The cache folder is shared by all checkouts, one folder for each version.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export GOFLAGS= GOWORK=off

kubernetes=$(cd kube-apiserver && go list -m -f '{{.Version}}' k8s.io/kubernetes)
etcd=$(cd etcd && go list -m -f '{{.Version}}' go.etcd.io/etcd/server/v3)

if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
  for binary in kube-apiserver etcd; do
    if [ ! -x "$KUBEBUILDER_ASSETS/$binary" ]; then
      echo "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS holds no executable $binary: unset it, or point it to a folder that has both" >&2
      exit 1
    fi
  done
  echo "$KUBEBUILDER_ASSETS"
  exit 0
fi

folder=${XDG_CACHE_HOME:-$HOME/.cache}/aloft/controlplane/$kubernetes-etcd-$etcd-$(go env GOOS)-$(go env GOARCH)
mkdir -p "$folder"
# Two checkouts may ask at the same time: the second waits for the first one's build.
if command -v flock >/dev/null; then
  exec 9>"$folder/.lock"
  flock 9
fi
if [ -x "$folder/kube-apiserver" ] && [ -x "$folder/etcd" ]; then
  echo "$folder"
  exit 0
fi

# setup-envtest is only worth it where its download host answers at once.
if curl -fsI --max-time 3 https://github.com/kubernetes-sigs/controller-tools/releases >/dev/null 2>&1; then
  if assets=$(go run sigs.k8s.io/controller-runtime/tools/setup-envtest@release-0.25 use -p path "${kubernetes#v}" 2>/dev/null); then
    cp "$assets/kube-apiserver" "$assets/etcd" "$folder/"
    echo "$folder"
    exit 0
  fi
fi

# build NAME FOLDER PACKAGE LDFLAGS TIME: written beside and renamed, so that a build that was cut off is never taken for a whole one.
build() {
  echo "building $1, once for this machine (about $5 on two cores) ..." >&2
  (cd "$2" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w $4" -o "$folder/$1.partial" "$3")
  mv "$folder/$1.partial" "$folder/$1"
}
# Without all three parts of the version, kube-apiserver panics while it starts.
version=k8s.io/component-base/version
minor=${kubernetes#v1.} && minor=${minor%%.*}
[ -x "$folder/etcd" ] || build etcd etcd go.etcd.io/etcd/server/v3 "" "1 minute"
[ -x "$folder/kube-apiserver" ] || build kube-apiserver kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver \
  "-X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=$minor" "7 minutes"
echo "$folder"
