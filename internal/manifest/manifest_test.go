// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package manifest

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/policy"
)

// execEnv has a helper become the program that it names.
const execEnv = "DUKOU_MANIFEST_EXEC"

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(execEnv) != "":
		if err := become(os.Getenv(execEnv)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	case len(os.Args) == 2 && os.Args[1] == "hello":
		fmt.Println("hello")
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// become runs the program under a manifest that lists the file as it was named.
func become(order string) error {
	file, digest, _ := strings.Cut(order, "=")
	m := Manifest{Entries: []Entry{{Kind: Program, Name: filepath.Base(file)}}}
	raw, err := hex.DecodeString(digest)
	if err != nil {
		return err
	}
	m.Entries[0].Digest = [32]byte(raw)
	program, err := m.Seal(file)
	if err != nil {
		return err
	}
	return Exec(program, []string{file, "hello"}, nil)
}

// rig is an installation with three approvers, of which two are needed.
type rig struct {
	site Site
	keys []ed25519.PrivateKey
}

func newRig(t *testing.T) rig {
	t.Helper()
	r := rig{site: Site{Dir: t.TempDir(), Guard: "guard-1", Anchors: policy.Anchors{Quorum: 2}}}
	for i := range 3 {
		key := ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune('a'+i)), 32)))
		r.keys = append(r.keys, key)
		r.site.Anchors.Approvers = append(r.site.Anchors.Approvers, key.Public().(ed25519.PublicKey))
	}
	return r
}

func (r rig) signed(t *testing.T, m Manifest, signers ...int) []byte {
	t.Helper()
	s, err := Draft(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range signers {
		if err := s.Sign(envelope.Manifest, r.keys[i]); err != nil {
			t.Fatal(err)
		}
	}
	return s.Encode()
}

// own is a manifest of this very process.
func own(t *testing.T, version uint64, config []byte) Manifest {
	t.Helper()
	digest, err := digestOf("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	return Manifest{Guard: "guard-1", Version: version, Entries: []Entry{
		{Kind: Program, Name: "dukou-guard", Digest: digest}, {Kind: Config, Name: "guard-outer", Digest: sha256.Sum256(config)},
	}}
}

// TestVerify: nothing is asked for before a manifest was installed; then everything
// must be as listed, and neither removing it nor an older one helps.
func TestVerify(t *testing.T) {
	r, config := newRig(t), []byte("-side\nouter\n")
	verify := func() error {
		_, err := r.site.Verify("dukou-guard", "guard-outer", config)
		return err
	}
	if digest, err := r.site.Verify("dukou-guard", "guard-outer", config); err != nil || digest != nil {
		t.Fatalf("before a manifest: %x, %v", digest, err)
	}
	old := r.signed(t, own(t, 1, config), 0, 2)
	for _, data := range [][]byte{old, r.signed(t, own(t, 2, config), 0, 1)} {
		if _, err := r.site.Install(data); err != nil {
			t.Fatal(err)
		}
		if err := verify(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := r.site.Verify("dukou-front", "guard-outer", config); !errors.Is(err, ErrRefused) {
		t.Errorf("another program: %v", err)
	}
	if _, err := r.site.Verify("dukou-guard", "guard-inner", config); !errors.Is(err, ErrRefused) {
		t.Errorf("another component: %v", err)
	}
	if _, err := r.site.Verify("dukou-guard", "guard-outer", append(config, 'x')); !errors.Is(err, ErrRefused) {
		t.Errorf("another configuration: %v", err)
	}
	name := filepath.Join(r.site.Dir, fileName)
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if err := verify(); !errors.Is(err, ErrRefused) {
		t.Errorf("removed: %v", err)
	}
	if err := os.WriteFile(name, old, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := verify(); !errors.Is(err, ErrRefused) {
		t.Errorf("an older one: %v", err)
	}
	if _, err := r.site.Install(old); !errors.Is(err, ErrRefused) {
		t.Errorf("an older one installed: %v", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	r := newRig(t)
	good := own(t, 1, nil)
	foreign := good
	foreign.Guard = "guard-2"
	twice := r.signed(t, good, 0, 0)
	altered := r.signed(t, good, 0, 1)
	altered[len(altered)/2] ^= 1
	other, err := envelope.Seal(envelope.Bundle, good, r.keys[0], r.keys[1])
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"unsigned": r.signed(t, good), "too few": r.signed(t, good, 1), "one twice": twice, "of another guard": r.signed(t, foreign, 0, 1),
		"altered": altered, "signed as another kind": other.Encode(), "nothing": nil, "noise": []byte("noise"),
	} {
		if _, _, err := Open(data, "guard-1", r.site.Anchors); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	if _, _, err := Open(r.signed(t, good, 0, 1), "guard-1", r.site.Anchors); err != nil {
		t.Error(err)
	}
}

func TestDraftRefuses(t *testing.T) {
	entry := Entry{Kind: Program, Name: "a"}
	for name, m := range map[string]Manifest{
		"no guard": {Version: 1, Entries: []Entry{entry}}, "no version": {Guard: "g", Entries: []Entry{entry}}, "no entry": {Guard: "g", Version: 1},
		"a path":       {Guard: "g", Version: 1, Entries: []Entry{{Kind: Program, Name: "a/b"}}},
		"another kind": {Guard: "g", Version: 1, Entries: []Entry{{Kind: "x", Name: "a"}}},
		"too many":     {Guard: "g", Version: 1, Entries: manyEntries()},
	} {
		if _, err := Draft(m); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func manyEntries() []Entry {
	var list []Entry
	for i := range maxEntries + 1 {
		list = append(list, Entry{Kind: Program, Name: fmt.Sprint(i)})
	}
	return list
}

// TestLaunch: what was verified is run, though the file is another by then; a file with
// one more byte is not.
func TestLaunch(t *testing.T) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "program")
	digest := sha256.Sum256(self)
	run := func(content []byte) (string, error) {
		if err := os.WriteFile(file, content, 0o700); err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
		cmd.Env = []string{fmt.Sprintf("%s=%s=%x", execEnv, file, digest)}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := run(self); err != nil || out != "hello\n" {
		t.Errorf("%q, %v", out, err)
	}
	if out, err := run(append(self, 0)); err == nil || !strings.Contains(out, "another than was approved") {
		t.Errorf("%q, %v", out, err)
	}
}

// TestSealed: nobody changes what was verified.
func TestSealed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte("x"), 0o700); err != nil {
		t.Fatal(err)
	}
	entry, err := ProgramEntry(file)
	if err != nil {
		t.Fatal(err)
	}
	f, err := (&Manifest{Entries: []Entry{entry}}).Seal(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("y"), 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("written: %v", err)
	}
	if err := f.Truncate(0); !errors.Is(err, unix.EPERM) {
		t.Errorf("cut: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	t := new(testing.T)
	r := rig{site: Site{Guard: "guard-1", Anchors: policy.Anchors{Quorum: 1}}}
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	r.keys, r.site.Anchors.Approvers = []ed25519.PrivateKey{key}, []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}
	f.Add(r.signed(t, Manifest{Guard: "guard-1", Version: 1, Entries: []Entry{{Kind: Program, Name: "a"}}}, 0))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := envelope.Decode(data)
		if err != nil {
			return
		}
		// Under any signature: whatever an approver was led to sign has its form.
		if m, err := Read(s); err == nil && m.check() != nil {
			t.Errorf("%+v", m)
		}
		if m, _, err := Open(data, "guard-1", r.site.Anchors); err == nil && m.Guard != "guard-1" {
			t.Errorf("%+v", m)
		}
	})
}
