// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package load

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"dukou.dev/dukou/test/measured"
)

//nolint:gochecknoglobals // flags of this test
var (
	rowsFlag    = flag.Int("rows", 0, "entries in the index before the browser opens; make console-load: 10,000,000; 0: measure nothing")
	rateFlag    = flag.Int("rate", 1000, "crossings a second meanwhile")
	minutesFlag = flag.Int("minutes", 60, "for which the page of crossings is watched")
	clicksFlag  = flag.Int("clicks", 200, "in the fresh page, and again after the hour")
	seedFlag    = flag.Uint64("seed", 0, "of entries and clicks; 0: by the clock")
	outFlag     = flag.String("out", "", "file to which is added what was measured")
	commitFlag  = flag.String("commit", "", "what was built, for the report")
)

const web = "../../../web"

// TestLoad measures.
func TestLoad(t *testing.T) {
	if *rowsFlag == 0 {
		t.Skip("it takes more than an hour: make console-load, ROWS=200000 DUKOU_LOAD_MINUTES=2 for a trial")
	}
	needs(t)
	if *seedFlag == 0 {
		*seedFlag = uint64(time.Now().UnixNano()) % 1_000_000_000
	}
	out := measured.Out(t, *outFlag)
	introduce(out)
	s := openSite(t)
	s.history(out)
	f := s.newFeed()
	s.runs("feed", f.run)
	address := s.serve()
	s.browse(out, address)
	f.report(out)
}

// needs fails where there is nothing to measure with: who asks for this wants figures.
func needs(t *testing.T) {
	t.Helper()
	for _, path := range []string{chromium(), filepath.Join(web, "node_modules/.bin/playwright"), filepath.Join(web, "dist/index.html")} {
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("%v: it needs a browser (CHROMIUM names one) and what make console makes", err)
		}
	}
}

func chromium() string {
	if path := os.Getenv("CHROMIUM"); path != "" {
		return path
	}
	return "/usr/bin/chromium"
}

// introduce says what is measured, and what of it is real.
func introduce(out io.Writer) {
	fmt.Fprintf(out, `
The console under load, %s, %s
%d processors, %s, %s/%s, load average at the start %s, seed %d. The center, what feeds it and the browser share this machine.

What is real: the console as it is built into the center, over TLS 1.3 and HTTP/2; the management interface with
accounts, sessions, two factors and its own audit; the index of entries on SQLite with synchronous=FULL; the journals
of five components, each entry hashed, written, synced and signed as theirs are, which the center's own follower reads
into the index and tells the browser of; the proofs that the browser checks; Chromium.
What is not: no guard runs, the entries of %d crossings a second are made up (question and answer: 8 entries; a file: 11;
3 of 100 refused: 2), and there are no copies of the journals to prove first; the standing of components, rates and
times of flows on the overview are told by the test; the history of %d entries is put into the index without logs.
`, time.Now().Format("2006-01-02 15:04 -0700"), *commitFlag, runtime.NumCPU(), cpu(), runtime.GOOS, runtime.GOARCH, loadAverage(), *seedFlag, *rateFlag, *rowsFlag)
}

func cpu() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "processor not known"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "processor not known"
}

func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "not known"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

// browse has Playwright do and measure what web/test-load says, and adds its report.
func (s *site) browse(out io.Writer, address string) {
	t := s.t
	report := filepath.Join(t.TempDir(), "report.txt")
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(*minutesFlag)*time.Minute+40*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "npx", "--no-install", "playwright", "test", "--config", "test-load/playwright.config.ts")
	c.Dir = web
	person, err := json.Marshal(s.auditor)
	s.must("person", err)
	c.Env = append(os.Environ(), "CHROMIUM="+chromium(), "DUKOU_DIR="+t.TempDir(), "DUKOU_CONSOLE="+address, "DUKOU_LOAD_PERSON="+string(person), "DUKOU_LOAD_OUT="+report,
		"DUKOU_LOAD_MINUTES="+strconv.Itoa(*minutesFlag), "DUKOU_LOAD_CLICKS="+strconv.Itoa(*clicksFlag), "DUKOU_LOAD_SEED="+strconv.FormatUint(*seedFlag, 10))
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGINT) } // it ends its browsers then
	c.WaitDelay = 20 * time.Second
	r, w := io.Pipe()
	c.Stdout, c.Stderr = w, w
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		for lines := bufio.NewScanner(r); lines.Scan(); {
			t.Log(lines.Text())
		}
		_, _ = io.Copy(io.Discard, r) // after a line that is too long
	}()
	err = c.Run()
	_ = w.Close()
	<-logged
	if text, rerr := os.ReadFile(report); rerr == nil {
		fmt.Fprintf(out, "\n%s", text)
	}
	if err != nil {
		t.Errorf("the console in a browser: %v", err)
	}
}
