// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"bufio"
	"context"
	"io"
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

// TestDailyInDemonstration runs a day of its administrators beside a demonstration.
func TestDailyInDemonstration(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed: the day's request is sent with it")
	}
	page := read(t, "docs/operations/daily.md")
	_, begin, found := strings.Cut(page, "```shell\n")
	if !found {
		t.Fatal("the page has no block for the demonstration")
	}
	begin, day, _ := strings.Cut(begin, "```\n")
	bin := programs(t)
	home := startDemonstration(t, bin)
	runScript(t, bin, "demo="+home+"\n"+begin+script(day), filepath.Join(home, "log"))
}

// startDemonstration starts one that ends with the test, and returns its directory when
// its administrators are there.
func startDemonstration(t *testing.T, bin string) string {
	home, err := os.MkdirTemp("", "dukou-") // short, for the names of sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(home) })
	c := exec.CommandContext(t.Context(), filepath.Join(bin, "dukou"), "demo", "--isolation", "none", "--dir", home)
	c.Cancel = func() error { return c.Process.Signal(os.Interrupt) }
	c.WaitDelay = 20 * time.Second
	said, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Wait() }) // the test's context has ended it
	var all strings.Builder
	for lines := bufio.NewScanner(said); lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "Ctrl-C ends everything") {
			go func() { _, _ = io.Copy(io.Discard, said) }() // until it has ended
			return home
		}
	}
	t.Fatalf("the demonstration has ended:\n%s", all.String())
	return ""
}

// TestDailyInChinese: the Chinese page has the same commands.
func TestDailyInChinese(t *testing.T) {
	if diff := cmp.Diff(script(read(t, "docs/operations/daily.md")), script(read(t, "docs/operations/daily.zh.md"))); diff != "" {
		t.Errorf("docs/operations/daily.zh.md has other commands (-en +zh)\n%s", diff)
	}
}

// runPages runs the blocks of commands of pages as one script.
func runPages(t *testing.T, pages ...string) {
	var text strings.Builder
	for _, page := range pages {
		text.WriteString(script(read(t, page)))
	}
	runScript(t, programs(t), text.String(), "log")
}

// programs builds the programs of this tree, and returns their folder.
func programs(t *testing.T) string {
	source, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", bin+"/",
		"./cmd/dukou", "./cmd/dukou-center", "./cmd/dukou-signer", "./cmd/dukou-front", "./cmd/dukou-guard")
	bank := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "dukou-bank"), "./examples/bank")
	rogue := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "dukou-rogue"), "./internal/demo/rogue/cmd")
	for _, c := range []*exec.Cmd{build, bank, rogue} {
		c.Dir, c.Env = source, append(os.Environ(), "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return bin
}

// runScript runs a script in an empty folder, with the programs in bin. Logs is where
// what it starts writes, below that folder or absolute.
func runScript(t *testing.T, bin, text, logs string) {
	source, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "dukou-") // short, for the names of sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-eu")
	c.Dir, c.Stdin = dir, strings.NewReader(text)
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
		if !filepath.IsAbs(logs) {
			logs = filepath.Join(dir, logs)
		}
		files, _ := filepath.Glob(filepath.Join(logs, "*"))
		for _, name := range files {
			said, _ := os.ReadFile(name)
			t.Logf("%s:\n%s", filepath.Base(name), said)
		}
	}
}
