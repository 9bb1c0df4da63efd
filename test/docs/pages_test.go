// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var link = regexp.MustCompile(`\[[^\]\n]*\]\(([^)\s]+)\)`)

func TestLinks(t *testing.T) {
	for _, p := range readPages(t) {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(p.text, ""), -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(root, path.Dir(p.name), target)); err != nil {
				t.Errorf("%s: %s leads nowhere", p.name, m[1])
			}
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var target = regexp.MustCompile("(?m)(?:`|^ *)make ([a-z]+)")

func TestTargets(t *testing.T) {
	makefile := read(t, "Makefile")
	for _, p := range readPages(t) {
		for _, m := range target.FindAllStringSubmatch(p.text, -1) {
			if !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s: the Makefile has no target %q", p.name, m[1])
			}
		}
	}
}

// commands are the lines of the code blocks up to a comment; what commands print is
// left out, since it may be told in either language.
func commands(text string) []string {
	var lines []string
	for _, block := range fence.FindAllString(text, -1) {
		if !strings.HasPrefix(strings.TrimSpace(block), "```sh") {
			continue
		}
		for line := range strings.Lines(block) {
			line, _, _ = strings.Cut(line, "  #")
			line = strings.TrimSpace(line)
			if line != "" && !strings.HasPrefix(line, "```") && !strings.HasPrefix(line, "#") {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

func headings(text string) int { return strings.Count(fence.ReplaceAllString(text, ""), "\n## ") }

// TestTour holds the list of what one sees to the steps of the demonstration.
func TestTour(t *testing.T) {
	steps := len(regexp.MustCompile(`(?m)^\t\t\{name: "[a-z-]+", title: ".*", run: t\.\w+\},$`).FindAllString(read(t, "internal/demo/tour.go"), -1))
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		listed := len(regexp.MustCompile(`(?m)^[0-9]+\. `).FindAllString(read(t, name), -1))
		if steps == 0 || listed != steps {
			t.Errorf("%s lists %d steps of the tour, which has %d", name, listed, steps)
		}
	}
}

func TestReadmes(t *testing.T) {
	english, chinese := read(t, "README.md"), read(t, "README.zh-CN.md")
	if diff := cmp.Diff(commands(english), commands(chinese)); diff != "" {
		t.Errorf("the READMEs differ in their commands:\n%s", diff)
	}
	if headings(english) != headings(chinese) {
		t.Errorf("README.md has %d sections, README.zh-CN.md %d", headings(english), headings(chinese))
	}
	for _, one := range []string{"make demo", "make test"} {
		if !slices.Contains(commands(english), one) {
			t.Errorf("README.md does not give the command %q", one)
		}
	}
}
