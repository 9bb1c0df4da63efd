#!/bin/sh
# Copyright 2026 The Dukou Authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds the packages of a commit and the archive that carries them to hosts without
# internet: OUT/dukou-VERSION/ and OUT/dukou-VERSION.tar.gz. The same commit and the same Go
# give the same bytes, wherever it runs. From the environment:
#   VERSION   what git describe says (that by default)
#   ARCHES    amd64 arm64 loong64
#   FORMATS   deb rpm
#   KEY       PEM file of the Ed25519 key that signs the checksums; none: not signed
#   TRIMPATH  -trimpath; tests leave it out, to share what other tests have compiled
#   SOURCE_DATE_EPOCH   the time in the packages (by default that of the commit)
set -eu
[ $# = 1 ] || { echo "usage: [NAME=VALUE ...] deploy/package.sh OUT" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
export LC_ALL=C TZ=UTC
umask 022

VERSION=${VERSION:-$(git describe --tags --always --dirty)}
ARCHES=${ARCHES:-amd64 arm64 loong64}
FORMATS=${FORMATS:-deb rpm}
TRIMPATH=${TRIMPATH--trimpath}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
# What package managers order: a tag as it is; before the first tag, the time of the commit.
case $VERSION in
v[0-9]*) PACKAGE_VERSION=$(printf %s "${VERSION#v}" | sed -E 's/-(alpha|beta|rc)/~\1/; s/-/+/g') ;;
*) PACKAGE_VERSION="0.0.0~$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).$(printf %s "$VERSION" | sed 's/-/+/g')" ;;
esac
export SOURCE_DATE_EPOCH PACKAGE_VERSION

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
release=$out/dukou-$PACKAGE_VERSION
rm -rf "$release" "$release.tar.gz"
mkdir -p "$release/licenses" "$work/docs"

# Nothing of this machine's settings comes into the programs.
export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOAMD64=v1 GOARM64=v8.0 GOEXPERIMENT=
unset GOOS GOARCH # the packager is for this machine
nfpm=$(cd deploy/tools && go tool -n nfpm)
export GOOS=linux
programs='./cmd/dukou ./cmd/dukou-center ./cmd/dukou-front ./cmd/dukou-guard ./cmd/dukou-signer'

build() { # ARCH
	mkdir -p "$work/programs/$1" "$release/example/$1"
	# shellcheck disable=SC2086 # lists
	GOARCH=$1 go build $TRIMPATH -buildvcs=false -ldflags "-s -w -X main.version=$VERSION" -o "$work/programs/$1/" $programs
	GOARCH=$1 go build $TRIMPATH -buildvcs=false -ldflags '-s -w' -o "$release/example/$1/dukou-bank" ./examples/bank
	(cd "$work/programs/$1" && go version -m -- *) >"$release/licenses/modules-$1.txt"
}

# licenses are those of all that is linked in: the packages carry them.
licenses() {
	cp LICENSE "$release/licenses/LICENSE"
	# shellcheck disable=SC2086 # a list
	go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' $programs | sort -u |
		while read -r module version dir; do
			for file in "$dir"/LICEN[CS]E* "$dir"/COPYING* "$dir"/NOTICE* "$dir"/PATENTS*; do
				[ -f "$file" ] || continue
				printf '==== %s %s, %s\n\n' "$module" "$version" "${file##*/}"
				cat "$file"
				echo
			done
		done >"$release/licenses/THIRD-PARTY"
	printf '==== Go %s, LICENSE\n\n' "$(go env GOVERSION)" >>"$release/licenses/THIRD-PARTY"
	cat "$(go env GOROOT)/LICENSE" >>"$release/licenses/THIRD-PARTY"
	# The console's modules are in the center where it was built, by make console.
	[ ! -f web/dist/index.html ] || modules >>"$release/licenses/THIRD-PARTY"
}

modules() {
	(cd web && npm ls --omit=dev --all --parseable --long) | grep '/node_modules/' | sort -t : -k 2 -u |
		while IFS=: read -r dir module _; do
			for file in "$dir"/[Ll][Ii][Cc][Ee][Nn][CcSs][Ee]* "$dir"/NOTICE*; do
				[ -f "$file" ] || continue
				printf '\n==== %s, %s\n\n' "$module" "${file##*/}"
				cat "$file"
				echo
			done
		done
}

# lay puts together what the packages are made of, one architecture after the other.
lay() {
	cp -r deploy/systemd deploy/sysusers deploy/tmpfiles deploy/sysctl deploy/etc "$work/"
	cp -r docs/. "$work/docs/"
	rm -rf "$work/docs/evidence"
	mkdir -p "$work/examples/bank"
	cp -r examples/bank/policy "$work/examples/bank/policy"
	rm -f "$work"/examples/bank/policy/*.go
	for part in grafana prometheus; do
		[ ! -d "deploy/$part" ] || cp -r "deploy/$part" "$work/examples/$part"
	done
	cp README.md README.zh-CN.md CHANGELOG.md SECURITY.md ARCHITECTURE.md "$work/docs/"
	cp -r "$release/licenses" "$work/licenses"
	rm "$work"/licenses/modules-*
	cp "$work"/licenses/* "$work/docs/"
	scripts dukou-guard 'dukou-outer.service dukou-gate.service dukou-inner.service dukou-cable@.service' \
		'dukou-outer.service dukou-inner.service dukou-gate.service'
	scripts dukou-front dukou-front@.service "'dukou-front@*.service'"
	scripts dukou-center 'dukou-center.service dukou-signer.service' 'dukou-center.service dukou-signer.service'
}

scripts() { # PACKAGE UNITS RUNNING
	mkdir -p "$work/scripts/$1"
	for script in postinstall preremove postremove; do
		sed "s/@PACKAGE@/$1/g; s/@UNITS@/$2/; s/@RUNNING@/$3/" "deploy/scripts/$script.sh" >"$work/scripts/$1/$script.sh"
	done
}

pack() { # ARCH FORMAT
	mkdir -p "$release/$2"
	ln -sfn "programs/$1" "$work/bin"
	(
		cd "$work"
		for package in dukou dukou-center dukou-front dukou-guard; do
			ARCH=$1 "$nfpm" package -f "$contents/$package.yaml" -p "$2" -t "$release/$2/" >/dev/null
		done
	)
}

contents=$PWD/deploy/nfpm
for arch in $ARCHES; do build "$arch"; done
licenses
lay
for arch in $ARCHES; do
	for format in $FORMATS; do pack "$arch" "$format"; done
done
cp -r "$work/docs" "$release/docs"

(cd "$release" && find . -type f ! -name 'SHA256SUMS*' | sed 's,^\./,,' | sort | xargs -d '\n' sha256sum >SHA256SUMS)
if [ -n "${KEY:-}" ]; then
	openssl pkeyutl -sign -rawin -inkey "$KEY" -in "$release/SHA256SUMS" -out "$release/SHA256SUMS.sig"
else
	echo 'not signed: KEY names no key file' >&2
fi
tar -C "$out" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --format=gnu \
	-cf - "dukou-$PACKAGE_VERSION" | gzip -1n >"$release.tar.gz"
echo "$release.tar.gz"
