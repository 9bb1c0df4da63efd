// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/durable/crashdisk"
	"dukou.dev/dukou/internal/vault"
)

const oneDay = 24 * 3600 * 1000

// dayKey is the key that a signer would have for a day.
func dayKey(day uint64) vault.Key {
	var k vault.Key
	binary.BigEndian.PutUint64(k[:], day)
	k[31] = 1
	return k
}

func diskKey() vault.Key { return vault.Key{7} }

// sealedJournal seals, with keys for the first 20,720 days.
func sealedJournal(t testing.TB, d durable.Disk) *audit.Journal {
	t.Helper()
	c, local := config(t, d, 1), diskKey()
	c.Local = &local
	j := mustOpen(t, c)
	j.UseKeys(func(class string, day uint64) ([32]byte, bool) {
		return dayKey(day), class == audit.Decisions && day <= 20_720
	})
	return j
}

func detailed(ms int64, detail string) audit.Entry {
	return audit.Entry{Time: ms, Class: audit.ClassDecision, Verdict: "allow", Parcel: [16]byte{1, byte(ms)}, Detail: []byte(detail)}
}

func contents(t testing.TB, j *audit.Journal) (raw [][]byte, list []audit.Content) {
	t.Helper()
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	records, err := j.Read(0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		c, err := audit.DecodeRecord(r.Raw)
		if err != nil {
			t.Fatal(err)
		}
		raw, list = append(raw, r.Raw), append(list, c)
	}
	return raw, list
}

// TestDetailsAreSealed: under the key of the day that the entry is of, else under that
// of the disk; and what lies there shows nothing of them, and is checked without a key.
func TestDetailsAreSealed(t *testing.T) {
	d := crashdisk.New(1)
	j := sealedJournal(t, d)
	wants := []struct {
		ms    int64
		keyID string
		key   vault.Key
	}{
		{20_719*oneDay + 5, "decisions/2026-09-23", dayKey(20_719)},
		{20_720 * oneDay, "decisions/2026-09-24", dayKey(20_720)},
		{20_721*oneDay - 1, "decisions/2026-09-24", dayKey(20_720)},
		{20_721 * oneDay, "decisions/local", diskKey()},
		{20_719 * oneDay, "decisions/2026-09-23", dayKey(20_719)},
	}
	const secret = "person-000001 is told of their debts"
	for _, w := range wants {
		j.Append(detailed(w.ms, secret))
	}
	empty := j.Append(detailed(1, ""))
	raw, list := contents(t, j)
	for i, w := range wants {
		c := list[i]
		id, sealed := c.Sealed()
		if !sealed || id.String() != w.keyID || c.CheckDetail() != nil || c.Detail != nil || c.Salt != nil || bytes.Contains(raw[i], []byte("person")) {
			t.Errorf("%d: key %q, %v, detail %q", i, id, c.CheckDetail(), c.Detail)
		}
		if err := c.Open(audit.DetailSealer(dayKey(3))); !errors.Is(err, vault.ErrOpen) {
			t.Errorf("%d: opened with another key: %v", i, err)
		}
		if err := c.Open(w.key.Sealer("something else")); !errors.Is(err, vault.ErrOpen) {
			t.Errorf("%d: opened for another purpose: %v", i, err)
		}
		if err := c.Open(audit.DetailSealer(w.key)); err != nil || string(c.Detail) != secret || len(c.Salt) != 16 {
			t.Errorf("%d: %q, %v", i, c.Detail, err)
		}
	}
	if _, sealed := list[empty.Index].Sealed(); sealed {
		t.Error("a detail that is not there is sealed")
	}
	sound(t, d, "audit", len(list))
}

// TestNoLeasedKeyYet: the key of a day is asked for until there is one.
func TestNoLeasedKeyYet(t *testing.T) {
	c, local, there := config(t, crashdisk.New(1), 1), diskKey(), false
	c.Local = &local
	j := mustOpen(t, c)
	j.Append(detailed(oneDay, "a"))
	j.UseKeys(func(_ string, day uint64) ([32]byte, bool) { return dayKey(day), there })
	j.Append(detailed(oneDay, "b"))
	there = true
	j.Append(detailed(oneDay, "c"))
	_, list := contents(t, j)
	for i, want := range []string{"decisions/local", "decisions/local", "decisions/1970-01-02"} {
		if id, _ := list[i].Sealed(); id.String() != want {
			t.Errorf("%d: %s, want %s", i, id, want)
		}
	}
}

// recoded is a record with changes, its leaf's commitment made right for the detail
// that it then has: as one makes it who writes the log.
func recoded(t *testing.T, raw []byte, change func(record []any)) []byte {
	t.Helper()
	var record, leaf []any
	if err := errors.Join(canon.Unmarshal(raw, &record), canon.Unmarshal(record[1].([]byte), &leaf)); err != nil {
		t.Fatal(err)
	}
	change(record)
	leaf[12] = audit.SealedCommitment(record[2].(string), record[3].([]byte), record[4].([]byte))
	record[1] = canon.Must(leaf)
	return canon.Must(record)
}

// TestDetailBelongs: a sealed detail opens beside its own leaf and no other, even
// where the other commits to it.
func TestDetailBelongs(t *testing.T) {
	j := sealedJournal(t, crashdisk.New(1))
	for i := range 2 {
		j.Append(detailed(20_000*oneDay+int64(i), fmt.Sprint("detail ", i)))
	}
	raw, _ := contents(t, j)
	var other []any
	if err := canon.Unmarshal(raw[1], &other); err != nil {
		t.Fatal(err)
	}
	key := audit.DetailSealer(dayKey(20_000))
	for name, test := range map[string]struct {
		change func(record []any)
		want   error
	}{
		"as it is":       {func([]any) {}, nil},
		"other's detail": {func(r []any) { r[3], r[4] = other[3], other[4] }, vault.ErrOpen},
		"other digest":   {func(r []any) { r[3] = other[3] }, audit.ErrCommitment},
		"other key id":   {func(r []any) { r[2] = "decisions/local" }, vault.ErrOpen},
		"other class":    {func(r []any) { r[2] = "sessions/2024-10-04" }, vault.ErrOpen},
		"bit":            {func(r []any) { b := bytes.Clone(r[4].([]byte)); b[50] ^= 1; r[4] = b }, vault.ErrOpen},
	} {
		c, err := audit.DecodeRecord(recoded(t, raw[0], test.change))
		if err != nil {
			t.Fatal(name, err)
		}
		if err := c.CheckDetail(); err != nil {
			t.Errorf("%s: the leaf commits to it: %v", name, err)
		}
		if err := c.Open(key); !errors.Is(err, test.want) || (err == nil) != (c.Detail != nil) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
	}
}

// TestSealedRecordsRefused has what a sealed record must not be.
func TestSealedRecordsRefused(t *testing.T) {
	j := sealedJournal(t, crashdisk.New(1))
	j.Append(detailed(20_000*oneDay, "detail"))
	raw, _ := contents(t, j)
	for name, change := range map[string]func(r []any){
		"version 1":         func(r []any) { r[0] = uint64(1) },
		"version 3":         func(r []any) { r[0] = uint64(3) },
		"no key id":         func(r []any) { r[2] = "" },
		"key without class": func(r []any) { r[2] = "/local" },
		"key without day":   func(r []any) { r[2] = "decisions" },
		"no such day":       func(r []any) { r[2] = "decisions/2026-02-30" },
		"day in long":       func(r []any) { r[2] = "decisions/2026-2-3" },
		"before 1970":       func(r []any) { r[2] = "decisions/1969-12-31" },
		"large class":       func(r []any) { r[2] = "Decisions/local" },
		"long class":        func(r []any) { r[2] = "decisionsdecisionsdecisionsdecisions/local" },
		"short digest":      func(r []any) { r[3] = r[3].([]byte)[:31] },
		"short detail":      func(r []any) { r[4] = r[4].([]byte)[:vault.Overhead+15] },
		"large detail":      func(r []any) { r[4] = make([]byte, audit.MaxDetail+vault.Overhead+17) },
	} {
		if _, err := audit.DecodeRecord(recoded(t, raw[0], change)); !errors.Is(err, audit.ErrRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestShowSealed: a reader shows details to whom it has keys for, asks for each once,
// and shows all else of an entry without.
func TestShowSealed(t *testing.T) {
	dir := t.TempDir()
	c, local := config(t, durable.OS(), 1), diskKey()
	c.Dir, c.Local = dir, &local
	j := mustOpen(t, c)
	j.UseKeys(func(_ string, day uint64) ([32]byte, bool) { return dayKey(day), day < 20_000 })
	for i := range 6 {
		j.Append(detailed(19_998*oneDay+int64(i)*oneDay/2, "\x63"+"abc"))
	}
	if err := errors.Join(j.Flush(), j.Close()); err != nil {
		t.Fatal(err)
	}
	asked := map[string]int{}
	details := &reader.Details{Key: func(component string, id audit.KeyID) (vault.Key, error) {
		asked[component+" "+id.String()]++
		if id.Day == audit.NoDay {
			return vault.Key{}, audit.ErrNoKey
		}
		return dayKey(uint64(id.Day)), nil
	}}
	for _, f := range []reader.Filter{{}, {Details: details}} {
		var shown []string
		if err := reader.Show(dir, f, func(e reader.Entry) error {
			text := e.Text()
			shown = append(shown, text[bytes.LastIndexByte([]byte(text), ' ')+1:])
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		want := "[sealed=decisions/2024-10-02 sealed=decisions/2024-10-02 sealed=decisions/2024-10-03 sealed=decisions/2024-10-03 sealed=decisions/local sealed=decisions/local]"
		if f.Details != nil {
			want = `[detail="abc" detail="abc" detail="abc" detail="abc" sealed=decisions/local sealed=decisions/local]`
		}
		if got := fmt.Sprint(shown); got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
	if want := map[string]int{origin + " decisions/2024-10-02": 1, origin + " decisions/2024-10-03": 1, origin + " decisions/local": 1}; fmt.Sprint(asked) != fmt.Sprint(want) {
		t.Errorf("asked for %v", asked)
	}
	sound(t, durable.OS(), dir, 6)
}

// FuzzKeyID: what is accepted has one form.
func FuzzKeyID(f *testing.F) {
	for _, s := range []string{"decisions/local", "decisions/2026-11-22", "a-9/9999-12-31", "decisions/10000-01-01", "/local", "decisions/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := audit.ParseKeyID(s); err == nil && (k.String() != s || k.Day < audit.NoDay || k.Class == "") {
			t.Fatalf("%q is %+v", s, k)
		}
	})
}

// FuzzSealedDetail: of all that a journal may hold, only what was sealed opens. It
// goes by a vector, which is the same in every worker.
func FuzzSealedDetail(f *testing.F) {
	key := audit.DetailSealer(vault.Key{2})
	var want audit.Content
	_, err := durable.Scan(durable.OS(), "testdata/sealed/journal", 3, audit.MaxRecord, func(_ uint64, raw []byte) error {
		f.Add(bytes.Clone(raw))
		var err error
		if want, err = audit.DecodeRecord(raw); err != nil {
			return err
		}
		return errors.Join(want.Open(key), durable.ErrStop)
	})
	if err != nil || len(want.Detail) == 0 {
		f.Fatalf("%q, %v", want.Detail, err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := audit.DecodeRecord(b)
		if err != nil {
			return
		}
		if _, sealed := c.Sealed(); !sealed || c.Open(key) != nil {
			return
		}
		if !bytes.Equal(c.Detail, want.Detail) || c.CheckDetail() == nil && c.Leaf.Commitment != want.Leaf.Commitment {
			t.Fatalf("opened %q", c.Detail)
		}
	})
}

// BenchmarkSeal makes records of a detail of the common size.
func BenchmarkSeal(b *testing.B) {
	for _, keyed := range []bool{false, true} {
		b.Run(fmt.Sprintf("sealed=%t", keyed), func(b *testing.B) {
			seal := audit.Sealing(keyed, dayKey(1))
			e := detailed(oneDay, string(bytes.Repeat([]byte("detail "), 100)))
			b.ReportAllocs()
			for b.Loop() {
				if err := seal(e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
