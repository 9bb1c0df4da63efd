// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package control_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
)

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func certificate(t *testing.T, end time.Time) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: end}, &x509.Certificate{}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

var program = control.Program{Component: "front-a", Name: "dukou-front", Version: "1.2", Arguments: []string{"-config", "front.yaml"}}

// TestEffectiveOf: the configuration is told with its text, other files by digest and
// the end of what ends first in them, and what cannot be read is told of without.
func TestEffectiveOf(t *testing.T) {
	end := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	both := append(certificate(t, end.AddDate(1, 0, 0)), certificate(t, end)...)
	pemFile, large := write(t, "c.pem", both), write(t, "large", make([]byte, 5<<20))
	text := []byte("listeners: {}\n")
	e := control.EffectiveOf(program, "/etc/front.yaml", text, pemFile, large, "/no/such/file", pemFile, "", t.TempDir())
	if e.Component != "front-a" || e.Text != string(text) || e.Path != "/etc/front.yaml" || e.Version != "1.2" || len(e.Files) != 5 {
		t.Fatalf("%+v", e)
	}
	files := map[string]control.File{}
	for _, f := range e.Files {
		files[f.Path] = f
	}
	if sum := sha256.Sum256(text); !bytes.Equal(files["/etc/front.yaml"].Digest, sum[:]) {
		t.Error("the digest of the configuration file")
	}
	if sum := sha256.Sum256(both); !bytes.Equal(files[pemFile].Digest, sum[:]) || files[pemFile].End != end.UnixMilli() {
		t.Errorf("the certificates: %+v", files[pemFile])
	}
	if f := files[large]; f.Size != 5<<20 || f.Digest != nil {
		t.Errorf("the large file: %+v", f)
	}
	if f := files["/no/such/file"]; f.Digest != nil || f.Size != 0 {
		t.Errorf("no file: %+v", f)
	}
	got, err := control.DecodeEffective(canon.Must(e))
	if err != nil || !reflect.DeepEqual(canon.Must(got), canon.Must(e)) {
		t.Errorf("%+v: %v", got, err)
	}
	for name, text := range map[string][]byte{"large": bytes.Repeat([]byte("a"), 49<<10), "no text": {0xff}, "a NUL": {'a', 0}} {
		if e := control.EffectiveOf(program, "x", text); e.Text != "" || len(e.Files) != 1 || len(e.Files[0].Digest) == 0 {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// TestDecodeEffectiveRefuses: whatever a captured component says, it is within limits.
func TestDecodeEffectiveRefuses(t *testing.T) {
	for name, change := range map[string]func(e *control.Effective){
		"a long name":      func(e *control.Effective) { e.Component = strings.Repeat("a", 65) },
		"a line in a path": func(e *control.Effective) { e.Path = "a\nb" },
		"an escape":        func(e *control.Effective) { e.Version = "\x1b[2J" },
		"many arguments":   func(e *control.Effective) { e.Arguments = make([]string, 65) },
		"a long argument":  func(e *control.Effective) { e.Arguments = []string{strings.Repeat("a", 1025)} },
		"a long text":      func(e *control.Effective) { e.Text = strings.Repeat("a", 49<<10) },
		"a NUL":            func(e *control.Effective) { e.Text = "\x00" },
		"many files":       func(e *control.Effective) { e.Files = make([]control.File, 65) },
		"a nameless file":  func(e *control.Effective) { e.Files = []control.File{{}} },
		"a file twice":     func(e *control.Effective) { e.Files = []control.File{{Path: "a"}, {Path: "a"}} },
		"half a digest":    func(e *control.Effective) { e.Files = []control.File{{Path: "a", Digest: []byte{1}}} },
		"an end before":    func(e *control.Effective) { e.Files = []control.File{{Path: "a", End: -1}} },
	} {
		e := control.EffectiveOf(program, "x", []byte("y"))
		change(&e)
		if _, err := control.DecodeEffective(canon.Must(e)); fault.CodeOf(err) != fault.ParcelMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := control.DecodeEffective(make([]byte, 65<<10)); fault.CodeOf(err) != fault.ParcelTooLarge {
		t.Error(err)
	}
}

// TestCallEffective: nobody speaks for another.
func TestCallEffective(t *testing.T) {
	e := control.EffectiveOf(program, "x", []byte("y"))
	c := served(t, func(context.Context, control.Head, []byte) ([]byte, error) { return canon.Must(e), nil })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if got, err := control.CallEffective(ctx, c, "front-a"); err != nil || got.Text != "y" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := control.CallEffective(ctx, c, "front-b"); fault.CodeOf(err) != fault.ParcelMalformed {
		t.Error(err)
	}
}

func FuzzDecodeEffective(f *testing.F) {
	f.Add(canon.Must(control.EffectiveOf(program, "x", []byte("y"))))
	f.Add([]byte{0x80})
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := control.DecodeEffective(data)
		if err != nil {
			return
		}
		if !bytes.Equal(canon.Must(e), data) || len(e.Text) > 48<<10 || len(e.Files) > 64 || len(e.Arguments) > 64 {
			t.Fatalf("%+v", e)
		}
	})
}
