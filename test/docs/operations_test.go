// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// script is all blocks of commands of a page, in their order.
func script(text string) string {
	var b strings.Builder
	for _, block := range fence.FindAllString(text, -1) {
		body, ok := strings.CutPrefix(block, "```sh\n")
		if ok {
			b.WriteString(strings.TrimSuffix(body, "```"))
		}
	}
	return b.String()
}

// TestOperations runs the installation that docs/operations describes.
func TestOperations(t *testing.T) { runPages(t, "docs/operations/README.md") }

// TestDaily runs a day of its administrators.
func TestDaily(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed: the day's request is sent with it")
	}
	runPages(t, "docs/operations/README.md", "docs/operations/daily.md")
}

// TestDailyInChinese: the Chinese page has the same commands.
func TestDailyInChinese(t *testing.T) {
	if diff := cmp.Diff(script(read(t, "docs/operations/daily.md")), script(read(t, "docs/operations/daily.zh.md"))); diff != "" {
		t.Errorf("docs/operations/daily.zh.md has other commands (-en +zh)\n%s", diff)
	}
}

// runPages runs the blocks of commands of pages as one script, with the programs of
// this tree.
func runPages(t *testing.T, pages ...string) {
	source, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin+"/",
		"./cmd/dukou", "./cmd/dukou-center", "./cmd/dukou-signer", "./cmd/dukou-front", "./cmd/dukou-guard")
	bank := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "dukou-bank"), "./examples/bank")
	for _, c := range []*exec.Cmd{build, bank} {
		c.Dir, c.Env = source, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	dir, err := os.MkdirTemp("", "dukou-") // short, for the names of sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-eu")
	var text strings.Builder
	for _, page := range pages {
		text.WriteString(script(read(t, page)))
	}
	c.Dir, c.Stdin = dir, strings.NewReader(text.String())
	c.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "DUKOU="+source,
		"XDG_STATE_HOME="+filepath.Join(dir, "home"), "DUKOU_TOKEN_FILE=", "DUKOU_CENTER=", "DUKOU_AS=")
	// The processes that the script leaves behind are of its group, which ends with it.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = 10 * time.Second
	out, err := os.Create(filepath.Join(bin, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	c.Stdout, c.Stderr = out, out
	err = c.Run()
	_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // none left is as good
	if err != nil {
		said, _ := os.ReadFile(out.Name())
		t.Errorf("%v\n%s", err, said)
		logs, _ := filepath.Glob(filepath.Join(dir, "log", "*"))
		for _, name := range logs {
			said, _ := os.ReadFile(name)
			t.Logf("%s:\n%s", filepath.Base(name), said)
		}
	}
}
