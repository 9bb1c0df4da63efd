// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package console

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"path"
	"strings"
)

// site is all that there is to serve. A path that is not in it is nothing, however it is
// written.
type site struct {
	page   []byte            // nil for a program without a console
	assets map[string]*asset // by path
}

type asset struct {
	plain  []byte
	packed []byte // nil for a file that was not packed
	kind   string // Content-Type
	keep   string // Cache-Control
	tag    string // ETag
}

// load reads the files once: they are built in, and never change.
func load(files fs.FS) (*site, error) {
	s := &site{assets: map[string]*asset{}}
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		hidden := name != "." && strings.HasPrefix(d.Name(), ".")
		switch {
		case err == nil && d.IsDir() && hidden:
			return fs.SkipDir
		case err != nil || d.IsDir() || hidden || strings.HasSuffix(name, packed):
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if name == page {
			s.page = content
			return nil
		}
		a, err := newAsset(files, name, content)
		s.assets["/"+name] = a
		return err
	})
	return s, err
}

func newAsset(files fs.FS, name string, content []byte) (*asset, error) {
	sum := sha256.Sum256(content)
	a := &asset{plain: content, kind: kindOf(name), keep: "no-cache", tag: `"` + hex.EncodeToString(sum[:16]) + `"`}
	if strings.HasPrefix(name, "assets/") { // their names change with their content
		a.keep = "public, max-age=31536000, immutable"
	}
	var err error
	if a.packed, err = fs.ReadFile(files, name+packed); errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	return a, err
}

// kindOf is the type of a file by its name, the same on every host.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js", ".mjs":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".txt":
		return "text/plain; charset=utf-8"
	case ".json":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	case ".woff2":
		return "font/woff2"
	default:
		return "application/octet-stream"
	}
}
