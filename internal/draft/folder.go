// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing/fstest"
	"unicode"
	"unicode/utf8"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/problem"
)

// Limits of a folder.
const (
	MaxFiles  = 500
	MaxFile   = 1 << 20 // bytes of one file, as policy/source reads them
	MaxFolder = 4 << 20 // bytes of all files
	maxPath   = 200
)

// File is one file of a folder.
type File struct {
	Path string `json:"path" maxLength:"200" doc:"below the folder, with slashes" example:"flows/query.yaml"`
	Text string `json:"text" maxLength:"1048576" doc:"its content"`
}

// Folder is files in the order of their paths, within the limits. It is not changed.
type Folder []File

// NewFolder takes files as a folder. The error is a problem that names each file that
// cannot be taken.
func NewFolder(files []File) (Folder, error) {
	f := Folder(slices.Clone(files))
	slices.SortStableFunc(f, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	var fields []problem.Field
	size := 0
	for i := range f {
		size += len(f[i].Text)
		what := badFile(&f[i])
		if i > 0 && f[i-1].Path == f[i].Path {
			what = problem.Because(problem.Repeated, "it is there twice")
		}
		if what.Code != "" && len(fields) < maxFields {
			fields = append(fields, problem.Field{Name: clipped(f[i].Path, maxPath), Why: what})
		}
	}
	switch {
	case len(f) > MaxFiles:
		return nil, problem.New(problem.TooLarge, "%d files, at most %d", len(f), MaxFiles)
	case size > MaxFolder:
		return nil, problem.New(problem.TooLarge, "%d bytes, at most %d", size, MaxFolder)
	case len(fields) > 0:
		return nil, &problem.Error{Code: problem.Invalid, Detail: "these files cannot be part of a policy", Fields: fields}
	}
	return f, f.nested()
}

// badFile says what is wrong with a file by itself, if anything is.
func badFile(f *File) problem.Why {
	hidden := func(part string) bool { return strings.HasPrefix(part, ".") }
	switch {
	case f.Path == "." || !fs.ValidPath(f.Path) || len(f.Path) > maxPath || !utf8.ValidString(f.Path):
		return badPath(fmt.Sprintf("the path is not one below the folder, of at most %d bytes", maxPath))
	case strings.ContainsFunc(f.Path, func(r rune) bool { return r == '\\' || !unicode.IsPrint(r) }):
		return badPath("the path has signs that no file of policy needs")
	case slices.ContainsFunc(strings.Split(f.Path, "/"), hidden):
		return badPath("hidden files are not part of a policy")
	case len(f.Text) > MaxFile:
		return problem.AtMost(problem.Bytes, MaxFile)
	case !utf8.ValidString(f.Text) || strings.ContainsRune(f.Text, 0):
		return problem.Because(problem.NotText, "it is not text in UTF-8")
	default:
		return problem.Why{}
	}
}

func badPath(detail string) problem.Why {
	why := problem.AtMost(problem.Path, maxPath)
	why.Detail = detail
	return why
}

// nested refuses a file that another one has as its directory.
func (f Folder) nested() error {
	for i := range f {
		for dir := path.Dir(f[i].Path); dir != "."; dir = path.Dir(dir) {
			if _, both := f.Find(dir); both {
				return problem.New(problem.Invalid, "%q is a file and a directory", dir)
			}
		}
	}
	return nil
}

// Find is the text of a file.
func (f Folder) Find(path string) (string, bool) {
	i, ok := slices.BinarySearchFunc(f, path, func(a File, p string) int { return strings.Compare(a.Path, p) })
	if !ok {
		return "", false
	}
	return f[i].Text, true
}

// With is the folder with a file put in or replaced.
func (f Folder) With(file File) (Folder, error) {
	rest, _ := f.Without(file.Path)
	return NewFolder(append(rest, file))
}

// Without is the folder without a file, false when it has none of that path.
func (f Folder) Without(path string) (Folder, bool) {
	rest := slices.DeleteFunc(slices.Clone(f), func(file File) bool { return file.Path == path })
	return rest, len(rest) < len(f)
}

// Size is the bytes of all files.
func (f Folder) Size() int {
	n := 0
	for i := range f {
		n += len(f[i].Text)
	}
	return n
}

// FS is the folder as files.
func (f Folder) FS() fs.FS {
	m := make(fstest.MapFS, len(f))
	for i := range f {
		m[f[i].Path] = &fstest.MapFile{Data: []byte(f[i].Text), Mode: 0o444}
	}
	return m
}

// encode is the form in the database.
func (f Folder) encode() []byte { return canon.Must([]File(f)) }

func decodeFolder(data []byte) (Folder, error) {
	var files []File
	if err := canon.Unmarshal(data, &files); err != nil {
		return nil, fmt.Errorf("a folder in the database: %w", err)
	}
	return files, nil
}

// maxFields bounds how many places a problem names.
const maxFields = 200

// clipped is text of at most n bytes.
func clipped(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
