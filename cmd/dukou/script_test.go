// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"dukou": main})
}

// TestScripts runs testdata/script/*.txt, each a session with the command line.
func TestScripts(t *testing.T) {
	bank, err := filepath.Abs("../../examples/bank/policy")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("BANK", bank)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status, "component": component, "center": standInCenter, "administered": administered, "pick": pick,
		},
	})
}

// status N command...: the command ends with exit status N.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command [arguments]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if exit, ok := err.(interface{ ExitCode() int }); ok { //nolint:errorlint // as testscript gives it
		got = string(rune('0' + exit.ExitCode()))
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s: %v", got, args[0], err)
	}
}

// component ID ROLE ZONE FILE: writes an admitted component.
func component(ts *testscript.TestScript, _ bool, args []string) {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	ts.Check(err)
	seal, err := hpke.MLKEM768X25519().GenerateKey()
	ts.Check(err)
	c := policy.Component{ID: args[0], Role: policy.Role(args[1]), Zone: args[2], Key: public, Seal: seal.PublicKey().Bytes()}
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), canon.Must(c), 0o600))
}

// center SOCKET PUBLIC-KEY: answers as the center's management API does, for one approver.
func standInCenter(ts *testscript.TestScript, _ bool, args []string) {
	key, err := pki.ReadPublicKey(ts.MkAbs(args[1]))
	ts.Check(err)
	anchors := policy.Anchors{Approvers: []ed25519.PublicKey{key}, Quorum: 1}
	listener, err := net.Listen("unix", ts.MkAbs(args[0]))
	ts.Check(err)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/bundles", func(w http.ResponseWriter, r *http.Request) {
		data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, envelope.MaxSize))
		if err != nil {
			return
		}
		p, err := policy.Open(data, anchors, time.Now().UnixMilli(), 0)
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(fault.HTTPStatus(fault.CodeOf(err)))
			json.NewEncoder(w).Encode(map[string]any{"code": fault.CodeOf(err), "detail": err.Error()}) //nolint:errcheck,errchkjson // to a test
			return
		}
		json.NewEncoder(w).Encode(map[string]any{"version": p.Version, "components": []any{}}) //nolint:errcheck,errchkjson // to a test
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(listener) }() //nolint:errcheck // ends with Close
	ts.Defer(func() { server.Close(); <-done })
}

func writeTest(name, text string) error { return os.WriteFile(name, []byte(text), 0o600) }
