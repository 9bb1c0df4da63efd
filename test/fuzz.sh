#!/bin/sh
# Copyright 2026 The Dukou Authors
# SPDX-License-Identifier: Apache-2.0
#
# Runs every fuzz target of the module for FUZZTIME each, one after the other, and
# ends with a dated summary. The exit status is 1 if any target found something.
set -eu
cd "$(dirname "$0")/.."
time="${FUZZTIME:-60s}"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# `go test -list` prints the names of a package's targets and then "ok PACKAGE TIME".
go test -list '^Fuzz' ./... | awk '
	/^Fuzz/ { name[n++] = $1 }
	/^ok/   { for (i = 0; i < n; i++) print $2, name[i] }
	/^ok|^\?/ { n = 0 }' >"$work/targets"
[ -s "$work/targets" ] || { echo 'no fuzz targets found'; exit 1; }

while read -r package target; do
	echo "== $package $target, $time"
	result=ok
	go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x "$package" </dev/null >"$work/out" 2>&1 || result=FAILED
	# A slow target may be cut off by its own end. Nothing was
	# found then; a finding names an input, or fails on one that is there.
	if [ "$result" = FAILED ] && grep -q 'context deadline exceeded' "$work/out" &&
		! grep -Eq 'Failing input|failure while testing seed|panic:' "$work/out"; then
		result=cut
	fi
	if [ "$result" = FAILED ]; then cat "$work/out"; fi
	last="$(grep 'execs:' "$work/out" | tail -1 | sed 's/^fuzz: elapsed: //')" || last=''
	printf '%-6s %s %s  %s\n' "$result" "$package" "$target" "$last" | tee -a "$work/summary"
done <"$work/targets"

echo
echo "fuzzed on $(date -u '+%Y-%m-%d %H:%M UTC'), $time each, $(go env GOVERSION), $(git describe --always --dirty 2>/dev/null || echo 'no git'):"
cat "$work/summary"
! grep -q '^FAILED' "$work/summary"
