// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package vault_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"dukou.dev/dukou/internal/vault"
)

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "vault.key")
	var keys [8]vault.Key
	var all sync.WaitGroup
	for i := range keys { // whoever is first, all have the same
		all.Go(func() {
			var err error
			if keys[i], err = vault.Load(path); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for _, k := range keys {
		if k != keys[0] || k == (vault.Key{}) {
			t.Fatal("keys differ, or are nothing")
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files, %v", len(entries), err)
	}
	other, err := vault.Load(filepath.Join(dir, "other.key"))
	if err != nil || other == keys[0] {
		t.Errorf("two files have one key, %v", err)
	}
}

func TestLoadRefuses(t *testing.T) {
	dir := t.TempDir()
	good := strings.Repeat("0a", 32) + "\n"
	for name, file := range map[string]struct {
		text string
		mode os.FileMode
	}{
		"open":   {good, 0o640},
		"short":  {good[2:], 0o600},
		"long":   {good + "\n", 0o600},
		"no end": {good[:64] + "0", 0o600},
		"no hex": {"x" + good[1:], 0o600},
		"empty":  {"", 0o600},
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(file.text), 0o600), os.Chmod(path, file.mode)); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.Load(path); err == nil || strings.Contains(err.Error(), "0a0a") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := vault.Load(dir); err == nil {
		t.Error("a directory is a key")
	}
}

func TestCredential(t *testing.T) {
	given, state := t.TempDir(), t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", given)
	path := filepath.Join(state, "vault.key")
	own, err := vault.Load(path) // nothing was handed over: a file is made
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(given, "vault.key"), []byte(strings.Repeat("01", 32)+"\n"), 0o440); err != nil {
		t.Fatal(err)
	}
	k, err := vault.Load(path)
	if err != nil || k == own || k[0] != 1 {
		t.Errorf("the credential is not taken: %v", err)
	}
	if err := os.WriteFile(filepath.Join(given, "bad.key"), []byte("short"), 0o400); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Load(filepath.Join(state, "bad.key")); err == nil {
		t.Error("a bad credential is passed over")
	}
}

func TestKeyIsNotShown(t *testing.T) {
	k := vault.Key{0xab, 0xcd}
	for _, format := range []string{"%v", "%s", "%+v", "%#v", "%q", "%x", "%d"} {
		if text := fmt.Sprintf(format, k); strings.Contains(strings.ToLower(text), "abcd") || strings.Contains(text, "171") {
			t.Errorf("%s shows %s", format, text)
		}
	}
}

func TestRecord(t *testing.T) {
	k := vault.Key{1}
	a := k.Sealer("a")
	record, data := []byte("what nobody may read"), []byte("beside")
	sealed := a.Seal([]byte("head"), record, data)
	if len(sealed) != 4+len(record)+vault.Overhead || bytes.Contains(sealed, record[5:]) {
		t.Errorf("%q", sealed)
	}
	sealed = sealed[4:]
	for name, s := range map[string]*vault.Sealer{"own": a, "another life": k.Sealer("a")} {
		if got, err := s.Open(nil, sealed, data); err != nil || !bytes.Equal(got, record) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	refuse := func(what string, s *vault.Sealer, sealed, data []byte) {
		if got, err := s.Open(nil, sealed, data); !errors.Is(err, vault.ErrOpen) || got != nil {
			t.Errorf("%s: %q, %v", what, got, err)
		}
	}
	refuse("another purpose", k.Sealer("b"), sealed, data)
	refuse("another key", vault.Key{2}.Sealer("a"), sealed, data)
	refuse("other data", a, sealed, nil)
	for i := range sealed {
		refuse(fmt.Sprintf("cut at %d", i), a, sealed[:i], data)
		other := bytes.Clone(sealed)
		other[i] ^= 1
		refuse(fmt.Sprintf("byte %d", i), a, other, data)
	}
	if again := a.Seal(nil, record, data); bytes.Equal(again, sealed) {
		t.Error("one record sealed twice is the same")
	}
}

// TestSealersTogether opens the records of two lives from many goroutines.
func TestSealersTogether(t *testing.T) {
	k := vault.Key{3}
	lives := []*vault.Sealer{k.Sealer("a"), k.Sealer("a"), k.Sealer("a")}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 200 {
				sealed := lives[(i+n)%3].Seal(nil, []byte{byte(n)}, nil)
				if got, err := lives[0].Open(nil, sealed, nil); err != nil || !bytes.Equal(got, []byte{byte(n)}) {
					t.Errorf("%v, %v", got, err)
				}
			}
		})
	}
	all.Wait()
}

// file is one in memory.
type file struct{ data []byte }

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	if end := off + int64(len(p)); end > int64(len(f.data)) {
		f.data = append(f.data, make([]byte, end-int64(len(f.data)))...)
	}
	return copy(f.data[off:], p), nil
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	return bytes.NewReader(f.data).ReadAt(p, off)
}

func sealBody(t testing.TB, k vault.Key, name string, body []byte) *file {
	t.Helper()
	f := &file{}
	w, err := k.NewWriter(f, name)
	for err == nil && len(body) > 0 {
		n := min(len(body), vault.ChunkSize)
		err = w.Chunk(body[:n])
		body = body[n:]
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(b) // never fails
	return b
}

func TestBody(t *testing.T) {
	k := vault.Key{4}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	chance := rand.New(rand.NewPCG(seed, 1))
	for _, size := range []int{0, 1, 1000, vault.ChunkSize - 1, vault.ChunkSize, vault.ChunkSize + 1, 3*vault.ChunkSize + 5} {
		body := noise(size)
		f := sealBody(t, k, "x", body)
		if int64(len(f.data)) != vault.SealedSize(int64(size)) {
			t.Errorf("%d bytes are sealed into %d", size, len(f.data))
		}
		r, err := k.NewReader(f, int64(len(f.data)), "x")
		if err != nil || r.Size() != int64(size) {
			t.Fatalf("%d bytes: %v", size, err)
		}
		got, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%d bytes: %d, %v", size, len(got), err)
		}
		for range 50 {
			off, n := chance.IntN(size+1), chance.IntN(2*vault.ChunkSize)
			p := make([]byte, n)
			got, err := r.ReadAt(p, int64(off))
			want := body[off:min(size, off+n)]
			if got != len(want) || !bytes.Equal(p[:got], want) || (err == nil) != (got == n) {
				t.Fatalf("%d bytes at %d of %d: %d, %v", n, off, size, got, err)
			}
		}
	}
}

func TestBodyRefuses(t *testing.T) {
	k := vault.Key{5}
	body := noise(2*vault.ChunkSize + 9)
	f := sealBody(t, k, "x", body)
	read := func(k vault.Key, data []byte, name string) error {
		r, err := k.NewReader(&file{data}, int64(len(data)), name)
		if err != nil {
			return err
		}
		_, err = io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
		return err
	}
	if err := read(k, f.data, "x"); err != nil {
		t.Fatal(err)
	}
	swapped := bytes.Clone(f.data)
	const head, sealed = 32, vault.ChunkSize + 16
	copy(swapped[head:], f.data[head+sealed:head+2*sealed])
	copy(swapped[head+sealed:], f.data[head:head+sealed])
	for name, err := range map[string]error{
		"another key":    read(vault.Key{6}, f.data, "x"),
		"another name":   read(k, f.data, "y"),
		"chunks swapped": read(k, swapped, "x"),
		"cut":            read(k, f.data[:len(f.data)-1], "x"),
		"longer":         read(k, append(bytes.Clone(f.data), 0), "x"),
		"half a tag":     read(k, f.data[:head+sealed+10], "x"),
		"no header":      read(k, f.data[:10], "x"),
	} {
		if !errors.Is(err, vault.ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, at := range []int{0, 9, 31, 32, head + sealed - 1, head + sealed, len(f.data) - 1} {
		other := bytes.Clone(f.data)
		other[at] ^= 1
		if err := read(k, other, "x"); !errors.Is(err, vault.ErrOpen) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
	w, err := k.NewWriter(&file{}, "x")
	if err == nil {
		err = w.Chunk(body[:10])
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Chunk(body[:10]); err == nil {
		t.Error("a chunk behind the last one is taken")
	}
}

// FuzzRecord: whatever opens was sealed.
func FuzzRecord(f *testing.F) {
	s := vault.Key{7}.Sealer("fuzz")
	f.Add([]byte{})
	f.Add(s.Seal(nil, []byte("x"), nil)[:vault.Overhead])
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := s.Open(nil, b, nil); err == nil {
			t.Errorf("%x opens as %x", b, got)
		}
	})
}

// FuzzBody reads files that nobody sealed.
func FuzzBody(f *testing.F) {
	k := vault.Key{8}
	f.Add([]byte{}, uint16(0))
	f.Add(append([]byte("DUKOUBD1"), make([]byte, 60)...), uint16(3))
	f.Fuzz(func(t *testing.T, data []byte, off uint16) {
		r, err := k.NewReader(&file{data}, int64(len(data)), "x")
		if err != nil {
			return
		}
		if n, err := r.ReadAt(make([]byte, 40), int64(off)); n > 0 || err == nil {
			t.Errorf("%d bytes of a body that nobody sealed", n)
		}
	})
}

func BenchmarkRecord(b *testing.B) {
	s, record := vault.Key{9}.Sealer("bench"), noise(4500)
	b.SetBytes(int64(len(record)))
	var buf []byte
	for b.Loop() {
		buf = s.Seal(buf[:0], record, nil)
	}
}
