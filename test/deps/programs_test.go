// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package deps

import (
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// ban is a package that a program must not reach, and why.
type ban struct {
	path   string
	reason string
	// except are the packages that may import it all the same, with no use of it
	// that the program could reach; the reasons are in docs/decisions.
	except []string
}

func guardBans() []ban {
	const content = "a content parser is attack surface; content is taken apart on the fronts"
	return []ban{
		{path: "net/http", reason: "the guard speaks to fronts, center and its other half by wire only"},
		{path: "os/exec", reason: "a captured half must find nothing in the program that starts others"},
		{path: "plugin", reason: "what runs in the guard is what was linked"},
		{path: "database/sql", reason: "the guard keeps journals and spools, no database"},
		{path: "text/template", reason: "a template engine is an interpreter"},
		{path: "html/template", reason: "a template engine is an interpreter"},
		{path: "encoding/json", reason: content, except: []string{"log/slog"}},
		{path: "github.com/go-json-experiment/json", reason: content, except: cedarJSON()},
		{path: "encoding/xml", reason: content},
		{path: "encoding/csv", reason: content},
		{path: "encoding/gob", reason: content},
		{path: "mime", reason: content},
		{path: "net/mail", reason: content},
		{path: "net/textproto", reason: content},
		{path: "archive/tar", reason: content},
		{path: "archive/zip", reason: content},
		{path: "compress/flate", reason: content},
		{path: "compress/zlib", reason: content},
		{path: "compress/gzip", reason: content},
		{path: "image", reason: content},
		{path: "golang.org/x/net/html", reason: content},
		{path: "github.com/goccy/go-yaml", reason: "policy is compiled outside; the guard reads the bundle only"},
	}
}

// cedarJSON are the packages of cedar-go that know the JSON form of policies, which
// the bundle does not use.
func cedarJSON() []string {
	const cedar = "github.com/cedar-policy/cedar-go"
	return []string{
		cedar, cedar + "/ast", cedar + "/types", cedar + "/internal/json", cedar + "/internal/mapset",
		cedar + "/internal/eval", cedar + "/internal/parser", cedar + "/x/exp/ast",
	}
}

func signerBans() []ban {
	const one = "the signer answers on one Unix socket, in wire"
	return []ban{
		{path: "net/http", reason: one},
		{path: "os/exec", reason: "nothing in the program that holds the keys starts others"},
		{path: "plugin", reason: "what runs in the signer is what was linked"},
		{path: "database/sql", reason: "the signer keeps files"},
		{path: "text/template", reason: "a template engine is an interpreter"},
		{path: "html/template", reason: "a template engine is an interpreter"},
	}
}

func TestGuardReaches(t *testing.T)  { reaches(t, "./cmd/dukou-guard", guardBans()) }
func TestSignerReaches(t *testing.T) { reaches(t, "./cmd/dukou-signer", signerBans()) }

func reaches(t *testing.T, program string, bans []ban) {
	packages := list(t, program)
	for _, b := range bans {
		if _, linked := packages[b.path]; !linked {
			continue
		}
		for path, p := range packages {
			if slices.Contains(p.Imports, b.path) && !slices.Contains(b.except, path) {
				t.Errorf("%s reaches %s through %s: %s", program, b.path, path, b.reason)
			}
		}
	}
}

// update rewrites the committed list instead of comparing with it.
var update = flag.Bool("update", false, "write dukou-guard.deps anew")

func TestGuardList(t *testing.T) {
	const name = "dukou-guard.deps"
	var got []string
	for path, p := range list(t, "./cmd/dukou-guard") {
		if _, ours := inside(path); !ours && !p.Standard {
			got = append(got, path)
		}
	}
	slices.Sort(got)
	if *update {
		if err := os.WriteFile(name, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(data)), "\n")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the guard is linked from other packages than %s lists (-listed +linked).\n"+
			"Every line is code that decides what crosses. If the change is meant: go test ./test/deps -update\n%s", name, diff)
	}
}
