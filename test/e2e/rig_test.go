// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/goccy/go-yaml"

	"dukou.dev/dukou/examples/bank/policy"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/demo/demotest"
)

func TestMain(m *testing.M) { demotest.Main(m) }

// long tells whether the long forms are wanted.
func long() bool { return os.Getenv("DUKOU_LONG") == "1" }

// form is the one or the other of a size.
func form[T any](short, full T) T {
	if long() {
		return full
	}
	return short
}

// chance is a source of random choices whose seed is printed.
func chance(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("DUKOU_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("DUKOU_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// rig is an installation under test.
type rig struct {
	*demo.Demo
	version uint64 // of the bundle in force
}

// start starts an installation, which ends with the test. No process may end by itself.
func start(t *testing.T) *rig {
	t.Helper()
	r := &rig{Demo: demotest.Start(t, demo.Options{Isolation: demotest.Isolated(t)}), version: 1}
	t.Cleanup(func() {
		select {
		case end := <-r.Ended():
			t.Error(end)
		default:
		}
	})
	return r
}

// ready waits until every component is current and a query is answered.
func (r *rig) ready(t *testing.T) {
	t.Helper()
	if err := r.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// bundle makes the next bundle of a policy.
func (r *rig) bundle(t *testing.T, folder fs.FS) []byte {
	t.Helper()
	data, err := r.Installation.Bundle(folder, r.version+1)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// apply puts a policy in force; every component has it when it returns.
func (r *rig) apply(t *testing.T, folder fs.FS) {
	t.Helper()
	r.submit(t, r.bundle(t, folder))
	if err := r.WaitCurrent(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// submit hands the next bundle to the center, and does not wait for the components.
func (r *rig) submit(t *testing.T, data []byte) {
	t.Helper()
	if err := r.Apply(t.Context(), data); err != nil {
		t.Fatal(err)
	}
	r.version++
}

// variant is the example's policy, as files that may be changed.
func variant(t *testing.T) fstest.MapFS {
	t.Helper()
	m := fstest.MapFS{}
	gather(t, m, policy.Files())
	return m
}

// gather copies every file of a folder.
func gather(t *testing.T, m fstest.MapFS, folder fs.FS) {
	t.Helper()
	err := fs.WalkDir(folder, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(folder, path)
		m[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// change replaces a text that must be there.
func change(t *testing.T, m fstest.MapFS, name, old, replacement string) {
	t.Helper()
	text := string(m[name].Data)
	if !strings.Contains(text, old) {
		t.Fatalf("%s has no %q any more", name, old)
	}
	m[name].Data = []byte(strings.Replace(text, old, replacement, 1))
}

// configure adds to one of the lists of a front's own configuration.
func (r *rig) configure(t *testing.T, front, list, name string, value any) {
	t.Helper()
	path := r.Installation.Config(front)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var c map[string]any
	if err := yaml.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	c[list].(map[string]any)[name] = value
	if data, err = yaml.Marshal(c); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// folder makes a directory that a process may write to.
func (r *rig) folder(t *testing.T, process, name string) string {
	t.Helper()
	path := filepath.Join(r.Installation.Home(process), name)
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// signIn gives a person's token.
func (r *rig) signIn(t *testing.T, u demo.User) string {
	t.Helper()
	bank := r.Bank()
	defer bank.Close()
	token, err := bank.SignIn(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// eventually tries until there is no error or the time is over.
func eventually(ctx context.Context, timeout, every time.Duration, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
