// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front/file"
	"dukou.dev/dukou/internal/front/file/filetest"
	"dukou.dev/dukou/internal/pki"
)

// enrolled gives each component an identity that an authority admitted.
func enrolled(t *testing.T, dir string, roles map[string]string) map[string]*pki.Identity {
	t.Helper()
	approver, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := authority.Create(filepath.Join(dir, "authority"), authority.Terms{Guard: "g", Approvers: []ed25519.PublicKey{approver}, Quorum: 1}); err != nil {
		t.Fatal(err)
	}
	a, err := authority.Load(filepath.Join(dir, "authority"))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]*pki.Identity{}
	for id, role := range roles {
		zone := map[bool]string{true: "b", false: "a"}[strings.HasSuffix(id, "-b")]
		if ids[id], err = pki.Create(filepath.Join(dir, id), id, role, zone); err != nil {
			t.Fatal(err)
		}
		request, err := os.ReadFile(filepath.Join(dir, id, "request.dukou"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Admit(request, ids[id].Request.Fingerprint()); err != nil {
			t.Fatal(err)
		}
	}
	for id, i := range ids {
		answer, err := a.Answer(id, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := i.Admit(answer, a.Fingerprint()); err != nil {
			t.Fatal(err)
		}
	}
	return ids
}

// startFronts runs the file parts of the fronts of both zones on Unix sockets.
func startFronts(t *testing.T, dir string, ids map[string]*pki.Identity) (sockets map[string]string) {
	t.Helper()
	way, log := &filetest.Shortcut{Bundle: filetest.Policy(t)}, slog.New(slog.DiscardHandler)
	target := filepath.Join(dir, "target")
	if err := os.Mkdir(target, 0o700); err != nil {
		t.Fatal(err)
	}
	exit, err := file.NewExit(file.ExitConfig{
		Front: "front-b", Zone: "b", Policy: way.Policy, Log: log, State: filepath.Join(dir, "exit"),
		Targets: map[string]string{"folder": target}, Mailboxes: map[string]string{"box": "desk-b"},
	})
	if err != nil {
		t.Fatal(err)
	}
	way.Exit = exit
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	start := func(run func(context.Context) error) {
		all.Go(func() {
			if err := run(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	sockets = map[string]string{}
	for front, zone := range map[string]string{"front": "a", "front-b": "b"} {
		entry, err := file.NewEntry(file.Config{Front: front, Zone: zone, Conveyor: way, State: filepath.Join(dir, "entry-"+zone), Log: log})
		if err != nil {
			t.Fatal(err)
		}
		sockets[front] = filepath.Join(dir, front+".sock")
		pins := ids[front].Admission.Pins
		config, err := ids[front].Server(pins)
		if err != nil {
			t.Fatal(err)
		}
		l, err := net.Listen("unix", sockets[front])
		if err != nil {
			t.Fatal(err)
		}
		identify := func(nc net.Conn) (string, error) {
			if err := nc.(*tls.Conn).Handshake(); err != nil {
				return "", err
			}
			return pki.PeerOf(nc, pins)
		}
		terminals := &file.Terminals{Front: front, Zone: zone, Listener: tls.NewListener(l, config), Identify: identify, Policy: way.Policy, Entry: entry, Exit: exit, Log: log}
		start(terminals.Run)
		start(entry.Run)
	}
	t.Cleanup(func() {
		cancel()
		all.Wait()
		ended, stop := context.WithCancel(context.Background())
		stop()
		if err := exit.Run(ended); err != nil { // closes what is open, now that nothing comes any more
			t.Error(err)
		}
	})
	return sockets
}

// dukou runs the command line and gives what it printed.
func dukou(t *testing.T, want int, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var out, errOut bytes.Buffer
	if got := run(ctx, args, &out, &errOut); got != want {
		t.Errorf("dukou %s: exit status %d, want %d\n%s%s", strings.Join(args, " "), got, want, out.String(), errOut.String())
	}
	return out.String()
}

func TestSendAndReceive(t *testing.T) {
	dir := t.TempDir()
	ids := enrolled(t, dir, map[string]string{"front": "front", "front-b": "front", "desk": "terminal", "desk-b": "terminal"})
	sockets := startFronts(t, dir, ids)
	good, bad, into := filepath.Join(dir, "good.csv"), filepath.Join(dir, "bad.exe"), filepath.Join(dir, "into")
	for _, path := range []string{good, bad} {
		if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(into, 0o700); err != nil {
		t.Fatal(err)
	}
	desk := []string{"--front", sockets["front"], "--identity", filepath.Join(dir, "desk")}
	send := func(want int, args ...string) string {
		return dukou(t, want, append(append([]string{"send"}, args...), desk...)...)
	}

	if out := send(0, good, "--flow", "up", "--wait"); !strings.Contains(out, good+": delivered, parcel ") {
		t.Errorf("printed %q", out)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "target", "good.csv")); string(got) != "content" {
		t.Errorf("delivered %q, %v", got, err)
	}
	var line sent
	if err := json.Unmarshal([]byte(send(0, good, "--flow", "mail", "--wait", "--json")), &line); err != nil || line.State != "delivered" || line.Size != 7 || len(line.Parcel) != 32 {
		t.Errorf("%+v, %v", line, err)
	}
	if err := json.Unmarshal([]byte(send(fault.ExitRefused, bad, "--flow", "up", "--json")), &line); err != nil || line.State != "failed" || line.Code != string(fault.ContentType) {
		t.Errorf("%+v, %v", line, err)
	}
	send(fault.ExitUsage, filepath.Join(dir, "gone.csv"), "--flow", "up")
	desk[1] = filepath.Join(dir, "nobody.sock")
	send(fault.ExitUnavailable, good, "--flow", "up", "--patience", "200ms")

	out := dukou(t, 0, "receive", "--flow", "mail", "--into", into, "--once", "--json", "--front", sockets["front-b"], "--identity", filepath.Join(dir, "desk-b"))
	var came received
	if err := json.Unmarshal([]byte(out), &came); err != nil || came.File != filepath.Join(into, "good.csv") || came.Size != 7 {
		t.Errorf("%q, %v", out, err)
	}
	if got, err := os.ReadFile(came.File); string(got) != "content" {
		t.Errorf("received %q, %v", got, err)
	}
}
