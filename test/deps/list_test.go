// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package deps

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// module is the path of this module, with a slash.
const module = "dukou.dev/dukou/"

// listed is a package as go list knows it.
type listed struct {
	ImportPath string
	Standard   bool
	Imports    []string // of its own files, not of its tests
}

// list returns the packages of a pattern and all that they import, by path.
func list(t *testing.T, pattern string) map[string]listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-json=ImportPath,Standard,Imports", pattern)
	cmd.Dir = "../.."
	// The programs are built without C, and so are what they import.
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list %s: %v\n%s", pattern, err, stderr.String())
	}
	packages := map[string]listed{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		err := d.Decode(&p)
		if errors.Is(err, io.EOF) {
			return packages
		}
		if err != nil {
			t.Fatal(err)
		}
		packages[p.ImportPath] = p
	}
}

// inside returns the path below the module, and whether it is there.
func inside(path string) (string, bool) { return strings.CutPrefix(path, module) }
