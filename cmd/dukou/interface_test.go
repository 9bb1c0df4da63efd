// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"dukou.dev/dukou/cmd/dukou/internal/description"
	"dukou.dev/dukou/internal/management"
)

var update = flag.Bool("update", false, "write openapi.json anew instead of comparing with it (make openapi)")

// TestDescription: the description that is built in is that of the center of this version.
func TestDescription(t *testing.T) {
	got, err := management.New(management.Config{}).Description()
	if err != nil {
		t.Fatal(err)
	}
	got = append(bytes.TrimRight(got, "\n"), '\n')
	if *update {
		if err := os.WriteFile("openapi.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(openapi), string(got)); diff != "" {
		t.Errorf("openapi.json is not the interface's description; make openapi (-file +interface)\n%.4000s", diff)
	}
}

func root(t *testing.T) *cobra.Command {
	t.Helper()
	c, err := newRootCommand()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestEveryVerb: every call with a verb has a command, and no two verbs are one.
func TestEveryVerb(t *testing.T) {
	operations, err := description.Read(openapi)
	if err != nil {
		t.Fatal(err)
	}
	top, byHand, seen := root(t), handWritten(), map[string]string{}
	for i := range operations {
		o := &operations[i]
		verb := o.Verb
		if hand, ok := byHand[o.ID]; ok {
			verb = hand
			delete(byHand, o.ID)
		} else if verb == "" {
			continue
		} else if other, twice := seen[verb]; twice {
			t.Errorf("%s and %s have the same verb %q", other, o.ID, verb)
		}
		seen[verb] = o.ID
		c, rest, err := top.Find(strings.Fields(verb))
		if err != nil || len(rest) > 0 || c.CommandPath() != "dukou "+verb {
			t.Errorf("%s: there is no command %q (found %q): %v", o.ID, verb, c.CommandPath(), err)
		}
	}
	for id, verb := range byHand {
		t.Errorf("%q says that it does %s, which the interface does not have", verb, id)
	}
}

// every calls fn for each command.
func every(c *cobra.Command, fn func(*cobra.Command)) {
	fn(c)
	for _, sub := range c.Commands() {
		every(sub, fn)
	}
}

// TestNames: among the commands of one group no two have the same name, each says in a
// line what it does, and each prints its help.
func TestNames(t *testing.T) {
	every(root(t), func(c *cobra.Command) {
		var names []string
		for _, sub := range c.Commands() {
			if slices.Contains(names, sub.Name()) {
				t.Errorf("%s is there twice", sub.CommandPath())
			}
			names = append(names, sub.Name())
		}
		if c.Short == "" || strings.HasPrefix(c.Short, "Commands about: ") {
			t.Errorf("%s does not say what it does: %q (groupSummaries)", c.CommandPath(), c.Short)
		}
		var out bytes.Buffer
		c.SetOut(&out)
		if err := c.Help(); err != nil || out.Len() == 0 {
			t.Errorf("%s: %v, %d bytes of help", c.CommandPath(), err, out.Len())
		}
	})
}

// TestHelp: each command prints its help when it is asked as people ask.
func TestHelp(t *testing.T) {
	var paths [][]string
	every(root(t), func(c *cobra.Command) {
		if c.Runnable() {
			paths = append(paths, append(strings.Fields(c.CommandPath())[1:], "--help"))
		}
	})
	for _, args := range paths {
		var out, errOut bytes.Buffer
		if code := run(t.Context(), args, &out, &errOut); code != 0 || !strings.Contains(out.String(), "Usage:") {
			t.Errorf("%s: status %d, %s", strings.Join(args, " "), code, errOut.String())
		}
	}
}

// TestNoSecretFlags: nothing secret is taken from the command line, which every user of
// the host can read.
func TestNoSecretFlags(t *testing.T) {
	every(root(t), func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			for _, word := range []string{"password", "secret", "token", "totp", "otp", "code"} {
				if strings.HasSuffix(f.Name, word) && f.Value.Type() == "string" {
					t.Errorf("%s takes --%s from the command line", c.CommandPath(), f.Name)
				}
			}
		})
	})
}

// TestUsage: what is called wrongly ends with the status for it, and says so.
func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
	}{
		{"nosuch", `has no command "nosuch"`},
		{"policy nosuch", `has no command "nosuch"`},
		{"statuz", "did you mean status?"},
		{"status --nosuch", "nosuch"},
		{"status --center ftp://x", "neither unix:PATH"},
		{"status --center https://x --pin 12", "--pin"},
		{"status more", ""},
	} {
		t.Setenv("XDG_STATE_HOME", t.TempDir())
		t.Setenv("DUKOU_CENTER", "")
		var out, errOut bytes.Buffer
		if code := run(t.Context(), strings.Fields(c.args), &out, &errOut); code != 2 || !strings.Contains(errOut.String(), c.want) {
			t.Errorf("%s: status %d, %q", c.args, code, errOut.String())
		}
	}
}
