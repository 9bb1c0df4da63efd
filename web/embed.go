// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package web is the console, as the center carries it: what `make console` has built
// of the sources beside this file. Without that the folder is empty, and the center is
// built without a console.
package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files are the files of the console.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name above is no path: a mistake in this file
	}
	return files
}
