// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package policy holds the policy of the example bank as files, for programs that
// must not depend on where the repository is.
package policy

import (
	"embed"
	"io/fs"
)

//go:embed *.yaml flows cases policies
var files embed.FS

// Files is this folder.
func Files() fs.FS { return files }
