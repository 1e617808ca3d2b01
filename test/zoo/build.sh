#!/usr/bin/env bash
# Prints, one a line, the layers that the zoo's images are made from, as "name path": the root file systems of Debian's
# packages and the folders that npm makes, each built when it is missing.
# An image's folder tells what it needs: `packages` has names of Debian's packages, and the variant of the root file
# system where it is not what Debian calls essential; `package-lock.json` has npm's. Layers are kept in the user's cache
# folder, which all checkouts share, under the digest of what they are built from: a change of these files, or of the
# function that builds them, builds anew. Debian's packages are those of the day on which they were built.
# What a machine lacks is installed where CI is set; elsewhere the script ends with 3 and says how.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DEBIAN_FRONTEND=noninteractive

folder=${XDG_CACHE_HOME:-$HOME/.cache}/aloft/zoo
mkdir -p "$folder"
# Two checkouts may ask at the same time: the second waits for the first one's build.
exec 9>"$folder/.lock"
flock 9

missing=()
need() { command -v "$1" >/dev/null || missing+=("${@:2}"); }
need mmdebstrap mmdebstrap
need npm nodejs npm
need chromedriver chromium chromium-driver
if [ ${#missing[@]} -gt 0 ]; then
  if [ -z "${CI:-}" ]; then
    echo "the zoo needs: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 3
  fi
  echo "installing ${missing[*]} ..." >&2
  { apt-get update -q && apt-get install -qy --no-install-recommends "${missing[@]}"; } >&2
fi

# debian NAME TARGET: a root file system with packages, as slim images have it, without documentation.
debian() {
  local list=images/$1/packages
  # shellcheck disable=SC2016 # $1 is the hook's own
  mmdebstrap --quiet --variant="$(sed -n 's/^# variant: //p' "$list" | grep . || echo essential)" \
    --include="$(grep -v '^#' "$list" | paste -sd,)" --skip=output/dev \
    --aptopt='Apt::Install-Recommends "false"' --aptopt='Acquire::Retries "5"' --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --customize-hook='rm -rf "$1"/var/cache/apt "$1"/var/lib/apt/lists "$1"/var/log/*.log' \
    bookworm "$2" >&2
}

# npm_layer NAME TARGET: what npm installs, below /srv/app; where there is a script to build pages, the pages instead.
npm_layer() {
  local work
  work=$(mktemp -d)
  mkdir -p "$work/root/srv/app" && cp -r "images/$1/." "$work/root/srv/app/"
  rm -rf "$work/root/srv/app/files" "$work/root/srv/app/broken" "$work/root/srv/app/packages"
  (
    cd "$work/root/srv/app"
    npm ci --no-audit --no-fund --loglevel=error
    if grep -q '"build"' package.json; then
      npm run build && find . -mindepth 1 -maxdepth 1 ! -name dist -exec rm -rf {} +
    fi
  ) >&2
  tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$work/root" -cf "$2" .
  rm -rf "$work"
}

# layer NAME INPUTS COMMAND...: the command writes the file that its last argument names. It is written beside and
# renamed, so that a build that was cut off is never taken for a whole one.
layer() {
  local digest path
  # shellcheck disable=SC2086 # a list of files
  digest=$({ declare -f "$3" && cat $2; } | sha256sum | cut -c1-16)
  path=$folder/$1-$digest.tar.gz
  if [ ! -f "$path" ]; then
    echo "building $1 ..." >&2
    # mmdebstrap hands a shell file descriptors that must have one digit: it inherits none.
    "${@:3}" "$folder/$1.partial.tar" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
    gzip -3 -n -f "$folder/$1.partial.tar"
    mv "$folder/$1.partial.tar.gz" "$path"
  fi
  echo "$1 $path"
}

for image in images/*/; do
  name=$(basename "$image")
  if [ -f "$image/packages" ]; then
    layer "debian-$name" "$image/packages" debian "$name"
  fi
  if [ -f "$image/package-lock.json" ]; then
    inputs=$(find "$image" -type f ! -path '*/files/*' ! -path '*/broken/*' ! -name packages | sort | paste -sd' ')
    layer "npm-$name" "$inputs" npm_layer "$name"
  fi
done
