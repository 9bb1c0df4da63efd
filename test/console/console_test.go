// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/demo/demotest"
)

const (
	web     = "../../web"
	traffic = 3                // requests a second
	within  = 25 * time.Minute // it does not decide how quick the machine has to be
)

func TestMain(m *testing.M) { demotest.Main(m) }

// TestConsole runs everything of web/test in a browser. DUKOU_CONSOLE_GREP picks some.
func TestConsole(t *testing.T) {
	needs(t)
	d := demotest.Start(t, demo.Options{Isolation: demotest.Isolated(t)})
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	quarantine(ctx, t, d)
	sessions, err := d.Found(ctx)
	founded := time.Now()
	if err == nil {
		err = errors.Join(d.Publish(ctx, sessions), d.SignOut(ctx, sessions))
	}
	if err != nil {
		t.Fatal(err)
	}
	fresh := demotest.Start(t, demo.Options{Isolation: demotest.Isolated(t)}) // which nobody has taken over
	defer live(ctx, t, d)()
	args := []string{"--no-install", "playwright", "test"}
	if pattern := os.Getenv("DUKOU_CONSOLE_GREP"); pattern != "" {
		args = append(args, "--grep", pattern)
	}
	c := exec.CommandContext(ctx, "npx", args...)
	c.Dir = web
	c.Env = append(os.Environ(), environment(t, d, founded)...)
	c.Env = append(c.Env, "DUKOU_FRESH="+fresh.ConsoleURL(), "DUKOU_FRESH_HOST=unix:"+fresh.Installation.Socket(demo.Center))
	// It ends its browsers when it is interrupted.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGINT) }
	c.WaitDelay = 20 * time.Second
	said := shown(t)
	c.Stdout, c.Stderr = said, said
	err = c.Run()
	if closed := said.Close(); err != nil || closed != nil {
		t.Errorf("the console in a browser: %v", errors.Join(err, closed, ctx.Err()))
	}
}

// needs skips where there is nothing to try it with. It also reads all that the browser
// is given, so that a result is not taken from the cache when that has changed.
func needs(t *testing.T) {
	t.Helper()
	chromium := os.Getenv("CHROMIUM")
	if chromium == "" {
		chromium = "/usr/bin/chromium"
	}
	if _, err := os.Stat(chromium); err != nil {
		t.Skipf("no browser: %v (Debian's package chromium, or CHROMIUM names one)", err)
	}
	if _, err := exec.LookPath("npx"); err != nil {
		t.Skip("no npx, which comes with Node.js and npm")
	}
	for _, path := range []string{"node_modules/.bin/playwright", "dist/index.html"} {
		if _, err := os.Stat(filepath.Join(web, path)); err != nil {
			t.Skipf("%v: make console makes it", err)
		}
	}
	for _, part := range []string{"dist", "test", "playwright.config.ts"} {
		err := filepath.WalkDir(filepath.Join(web, part), func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				_, err = os.ReadFile(path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// live keeps traffic going until what it returns is called.
func live(ctx context.Context, t *testing.T, d *demo.Demo) (stop func()) {
	t.Helper()
	tr, err := d.NewTraffic(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { tr.Run(ctx, traffic) })
	return func() {
		cancel()
		running.Wait()
		t.Logf("traffic meanwhile: %v", tr.Tally())
	}
}

// person is what a test in the browser knows of an administrator.
type person struct {
	demo.Account
	OTP  string `json:"otp"`  // otpauth address
	Used int64  `json:"used"` // by when codes of it were used, in seconds: a code is good once
}

// environment tells the tests in the browser where everything is, and who they may be.
func environment(t *testing.T, d *demo.Demo, founded time.Time) []string {
	t.Helper()
	ready, err := d.Ready()
	if err != nil {
		t.Fatal(err)
	}
	people := map[string]person{}
	for _, a := range ready.People {
		address, err := os.ReadFile(a.Authenticator)
		if err != nil {
			t.Fatal(err)
		}
		people[a.Name] = person{Account: a, OTP: strings.TrimSpace(string(address)), Used: founded.Unix()}
	}
	text, err := json.Marshal(people)
	if err != nil {
		t.Fatal(err)
	}
	return []string{
		"DUKOU_CONSOLE=" + ready.Console, "DUKOU_PEOPLE=" + string(text), "DUKOU_PORTAL=" + ready.Portal,
		"DUKOU_FRONT=" + ready.Front, "DUKOU_DIR=" + ready.Dir, "DUKOU_HOST=" + ready.Host,
		"DUKOU_BIN=" + os.Getenv(demotest.BinEnv), "DUKOU_ASK=" + strings.Join(ready.Ask, "\n"),
	}
}

// shown writes lines into the test's log, until it is closed.
func shown(t *testing.T) io.WriteCloser {
	t.Helper()
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewScanner(r)
		for lines.Scan() {
			t.Log(lines.Text())
		}
		_, _ = io.Copy(io.Discard, r) // after a line that is too long
	}()
	return &pipe{w, done}
}

type pipe struct {
	*io.PipeWriter
	done chan struct{}
}

// Close waits until all is in the log.
func (p *pipe) Close() error {
	err := p.PipeWriter.Close()
	<-p.done
	return err
}
