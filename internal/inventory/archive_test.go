// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

// anyConfiguration is one of all that a component may tell.
func anyConfiguration(r *rand.Rand) control.Effective {
	text := func(most int) string {
		letters := []rune("abc 配置 /.:-_\"'\\<>&")
		var b strings.Builder
		for range r.IntN(most) {
			b.WriteRune(letters[r.IntN(len(letters))])
		}
		return b.String()
	}
	e := control.Effective{Component: "front-a", Program: "dukou-front", Version: text(20)}
	for range r.IntN(6) {
		e.Arguments = append(e.Arguments, text(40))
	}
	if r.IntN(3) > 0 {
		e.Path = "/" + text(40)
		for range r.IntN(50) {
			e.Text += text(60) + []string{"\n", "\r\n", "\t", ""}[r.IntN(4)]
		}
	}
	for n := range r.IntN(8) {
		f := control.File{Path: fmt.Sprintf("/%d%s", n, text(30)), Size: r.Uint64N(1 << 30)}
		if r.IntN(2) == 0 {
			sum := sha256.Sum256([]byte(f.Path))
			f.Digest, f.End = sum[:], r.Int64N(1<<42)
		}
		e.Files = append(e.Files, f)
	}
	return e
}

// TestArchiveRoundTrip: whatever is exported is imported as what it was, and exported
// again as the same bytes.
func TestArchiveRoundTrip(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	for range 300 {
		e := anyConfiguration(r)
		archive, err := inventory.Pack(e)
		if err != nil {
			t.Fatal(err)
		}
		got, err := inventory.Unpack(archive)
		if err != nil || !bytes.Equal(canon.Must(got), canon.Must(e)) {
			t.Fatalf("%+v became %+v: %v", e, got, err)
		}
		if again, err := inventory.Pack(got); err != nil || !bytes.Equal(again, archive) {
			t.Fatalf("exported again as other bytes: %v", err)
		}
		members := membersOf(t, archive)
		if e.Path != "" && members["configuration-file"] != e.Text {
			t.Fatalf("the file is %q", members["configuration-file"])
		}
		for _, line := range strings.Split(strings.TrimSuffix(members["SHA256SUMS"], "\n"), "\n") {
			digest, name, _ := strings.Cut(line, "  ")
			if digest != fmt.Sprintf("%x", sha256.Sum256([]byte(members[name]))) {
				t.Fatalf("the sum of %q", name)
			}
		}
	}
}

func membersOf(t *testing.T, archive []byte) map[string]string {
	t.Helper()
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	members := map[string]string{}
	for r := tar.NewReader(zip); ; {
		h, err := r.Next()
		if err == io.EOF { //nolint:errorlint // tar gives it bare
			return members
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		members[h.Name] = string(data)
	}
}

// TestExportImport: a center that has lost its database gets the intended configuration
// back from an archive, and finds by it that nothing has changed.
func TestExportImport(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s := newStage(t, storetest.SQLite(t))
		s.runs("front-a", "rate: 50\n")
		s.compare("front-a")
		if _, err := s.Export(ctx, "front-a", 0); problem.CodeOf(err) != problem.Conflict {
			t.Errorf("exported what was not accepted: %v", err)
		}
		if _, err := s.AcceptFirst(ctx, "chen", "front-a", 1); err != nil {
			t.Fatal(err)
		}
		archive, err := s.Export(ctx, "front-a", 0)
		if err != nil {
			t.Fatal(err)
		}
		next := newStage(t, db)
		if _, err := next.Import(ctx, "front-b", archive); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("imported for another: %v", err)
		}
		for range 2 { // twice is once
			got, err := next.Import(ctx, "front-a", archive)
			if err != nil || got.Number != 1 || got.Source != "imported" || got.Content.Text != "rate: 50\n" {
				t.Fatalf("%+v, %v", got, err)
			}
		}
		if _, err := next.AcceptFirst(ctx, "chen", "front-a", 1); err != nil {
			t.Fatal(err)
		}
		next.runs("front-a", "rate: 50\n")
		if c := next.compare("front-a"); c.State != "same" || c.Intended != 1 || c.Number != 2 {
			t.Errorf("%+v", c)
		}
		next.runs("front-a", "rate: 51\n")
		if c := next.compare("front-a"); c.State != "drift" {
			t.Errorf("%+v", c)
		}
	})
}

// TestImportRefuses: an archive in which anything was changed is none.
func TestImportRefuses(t *testing.T) {
	e := control.EffectiveOf(control.Program{Component: "front-a", Name: "p"}, "/f", []byte("a: 1\n"))
	whole, err := inventory.Pack(e)
	if err != nil {
		t.Fatal(err)
	}
	members := membersOf(t, whole)
	repack := func(change func(map[string]string)) []byte {
		m := map[string]string{}
		for name, data := range members {
			m[name] = data
		}
		change(m)
		var out bytes.Buffer
		zip := gzip.NewWriter(&out)
		w := tar.NewWriter(zip)
		for name, data := range m {
			if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(data))}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte(data)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := zip.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	if _, err := inventory.Unpack(repack(func(map[string]string) {})); err != nil {
		t.Errorf("packed by another program: %v", err)
	}
	for name, bad := range map[string][]byte{
		"nothing":           nil,
		"half of it":        whole[:len(whole)/2],
		"no archive":        []byte("x"),
		"too large":         make([]byte, inventory.MaxArchive+1),
		"another file":      repack(func(m map[string]string) { m["configuration-file"] = "a: 2\n" }),
		"another sum":       repack(func(m map[string]string) { m["SHA256SUMS"] = strings.Replace(m["SHA256SUMS"], "0", "1", 1) }),
		"other arguments":   repack(func(m map[string]string) { m["arguments.txt"] = "x\n" }),
		"no file":           repack(func(m map[string]string) { delete(m, "configuration-file") }),
		"one more":          repack(func(m map[string]string) { m["../../etc/passwd"] = "x" }),
		"no canonical form": repack(func(m map[string]string) { delete(m, "configuration.cbor") }),
		"a bomb":            repack(func(m map[string]string) { m["README.txt"] = strings.Repeat("a", 4<<20) }),
	} {
		if _, err := inventory.Unpack(bad); err == nil {
			t.Errorf("unpacked: %s", name)
		}
	}
}

// FuzzUnpack reads any bytes as they are, and any tar within a whole gzip.
func FuzzUnpack(f *testing.F) {
	archive, err := inventory.Pack(control.EffectiveOf(control.Program{Component: "front-a", Name: "p"}, "/f", []byte("a: 1\n")))
	if err != nil {
		f.Fatal(err)
	}
	zip, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		f.Fatal(err)
	}
	plain, err := io.ReadAll(zip)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(archive, false)
	f.Add(plain, true)
	f.Fuzz(func(t *testing.T, data []byte, wrap bool) {
		if wrap {
			data = stored(t, data)
		}
		e, err := inventory.Unpack(data)
		if err != nil {
			return
		}
		if _, err := control.DecodeEffective(canon.Must(e)); err != nil {
			t.Fatal(err)
		}
	})
}

// stored is a gzip that compresses nothing.
func stored(t *testing.T, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	zip, err := gzip.NewWriterLevel(&out, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := zip.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
