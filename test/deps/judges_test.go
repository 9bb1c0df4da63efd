// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package deps

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// sharedByJudges are the functions of this module that the second judge may call. It
// shares with the first the data of the bundle, and nothing that decodes, binds or
// compares: an error in that would be an error of both.
func sharedByJudges() []string {
	const internal = module + "internal/"
	return []string{
		"(*" + internal + "fault.Error).Error", // the names of refusals
		internal + "fault.New",
		internal + "fault.Wrap",
		"(" + internal + "label.Keys).Key",            // the leased keys
		"(*" + internal + "policy.Policy).Discretion", // Cedar's decision, see docs/decisions
	}
}

func TestJudgesAreIndependent(t *testing.T) {
	const path = module + "internal/judge/second"
	for _, name := range called(t, path) {
		if !slices.Contains(sharedByJudges(), name) {
			t.Errorf("the second judge calls %s", name)
		}
	}
	packages := list(t, path)
	for _, imported := range packages[path].Imports {
		if _, ours := inside(imported); !ours && !packages[imported].Standard {
			t.Errorf("the second judge imports %s", imported)
		}
	}
}

// called are the functions and methods of this module, but of the package itself,
// that the package uses, sorted.
func called(t *testing.T, path string) []string {
	t.Helper()
	dir, files, exports := exported(t, path)
	set := token.NewFileSet()
	var parsed []*ast.File
	for _, name := range files {
		f, err := parser.ParseFile(set, filepath.Join(dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
	}
	config := types.Config{Importer: importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	if _, err := config.Check(path, set, parsed, &info); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, used := range info.Uses {
		f, ok := used.(*types.Func)
		if !ok || f.Pkg() == nil || f.Pkg().Path() == path {
			continue
		}
		if _, ours := inside(f.Pkg().Path()); ours {
			names = append(names, f.FullName())
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// exported gives the files of a package, and the export data of all that it imports.
func exported(t *testing.T, path string) (dir string, files []string, exports map[string]string) {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-export", "-json=ImportPath,Dir,GoFiles,Export", path)
	cmd.Dir = "../.."
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %s: %v\n%s", path, err, stderr.String())
	}
	exports = map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			ImportPath, Dir, Export string
			GoFiles                 []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return dir, files, exports
		} else if err != nil {
			t.Fatal(err)
		}
		exports[p.ImportPath] = p.Export
		if p.ImportPath == path {
			dir, files = p.Dir, p.GoFiles
		}
	}
}
