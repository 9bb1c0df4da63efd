// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"strconv"
	"strings"

	"dukou.dev/dukou/internal/problem"
)

// etag is a revision as the header of that name has it.
func etag(revision int64) string { return strconv.Quote(strconv.FormatInt(revision, 10)) }

// ifMatch is the revision that a change is meant for, by the header If-Match: the etag
// that the caller has read.
func ifMatch(header string) (int64, error) {
	if header == "" {
		return 0, problem.New(problem.Unconditional, "say in If-Match which revision you have read")
	}
	inner, ok := strings.CutPrefix(header, `"`)
	inner, ok2 := strings.CutSuffix(inner, `"`)
	n, err := strconv.ParseInt(inner, 10, 64)
	if err != nil || !ok || !ok2 || n < 0 || etag(n) != header {
		return 0, problem.New(problem.Malformed, "If-Match is not an etag that was given")
	}
	return n, nil
}
