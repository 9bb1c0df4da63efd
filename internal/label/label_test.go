// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package label_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
)

type keys map[string][]byte

func (k keys) Key(maker, judge string, _ uint64) ([]byte, bool) {
	key, ok := k[maker+" "+judge]
	return key, ok
}

var now = time.UnixMilli(1_790_000_000_000)

func sample() label.Label {
	return label.Label{
		Class: label.Class{Confidentiality: 3, Integrity: 1, Categories: 1}, Subject: "internet/person-000001", Assurance: label.ByToken,
		Object: "intranet/credit-reports", Action: "read-report", Protocol: "http", Purpose: "self-inquiry", Binding: [32]byte{7},
	}
}

func sealed(t testing.TB, l label.Label) []byte {
	t.Helper()
	m := label.NewMaker("front", 5, keys{"front outer": make([]byte, 32), "front inner": bytes.Repeat([]byte{1}, 32)})
	data, err := m.Seal(l, now, 30*time.Second, []label.Verifier{{Judge: "outer", Window: label.Window{1}}, {Judge: "inner", Window: label.Window{2}}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSealAndDecode(t *testing.T) {
	s, l, err := label.DecodeSealed(sealed(t, sample()))
	if err != nil {
		t.Fatal(err)
	}
	want := sample()
	want.Version, want.Maker, want.Boot, want.Number, want.Epoch = 1, "front", 5, 1, label.EpochAt(now)
	want.NotBefore, want.NotAfter = now.UnixMilli(), now.UnixMilli()+30_000
	if l != want {
		t.Errorf("got %+v\nwant %+v", l, want)
	}
	outer, err := s.TagFor("outer")
	if err != nil || outer.MAC != label.MAC(make([]byte, 32), "outer", label.Window{1}, s.Body) {
		t.Errorf("tag of the outer judge: %v", err)
	}
	inner, err := s.TagFor("inner")
	if err != nil || inner.MAC == outer.MAC {
		t.Errorf("tag of the inner judge: %v", err)
	}
	if _, err := s.TagFor("other"); code(err) != fault.LabelWrongJudge {
		t.Errorf("tag of another judge: %v", err)
	}
}

func TestSealNumbersAndKeys(t *testing.T) {
	m := label.NewMaker("front", 5, keys{"front outer": make([]byte, 32)})
	for want := uint64(1); want < 4; want++ {
		data, err := m.Seal(sample(), now, time.Second, []label.Verifier{{Judge: "outer"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, l, err := label.DecodeSealed(data); err != nil || l.Number != want {
			t.Errorf("number %d, want %d: %v", l.Number, want, err)
		}
	}
	if _, err := m.Seal(sample(), now, time.Second, []label.Verifier{{Judge: "inner"}}); err == nil {
		t.Error("sealed without a key")
	}
}

// TestMACSeparates shows that every input changes the tag, also where judge, window
// and body would be the same bytes in a row.
func TestMACSeparates(t *testing.T) {
	key := make([]byte, 32)
	base := label.MAC(key, "ab", label.Window{}, []byte("c"))
	for name, other := range map[string][32]byte{
		"key":    label.MAC(append(make([]byte, 31), 1), "ab", label.Window{}, []byte("c")),
		"judge":  label.MAC(key, "aB", label.Window{}, []byte("c")),
		"window": label.MAC(key, "ab", label.Window{15: 1}, []byte("c")),
		"body":   label.MAC(key, "ab", label.Window{}, []byte("d")),
		"shift":  label.MAC(key, "ab\x00", label.Window{}, []byte("c")[:0]),
	} {
		if other == base {
			t.Errorf("%s does not change the tag", name)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := sealed(t, sample())
	change := func(f func(*label.Label)) []byte {
		s, l, err := label.DecodeSealed(good)
		if err != nil {
			t.Fatal(err)
		}
		f(&l)
		s.Body = canon.Must(l)
		return canon.Must(s)
	}
	tags := func(n int) []byte {
		s, _, err := label.DecodeSealed(good)
		if err != nil {
			t.Fatal(err)
		}
		s.Tags = make([]label.Tag, n)
		return canon.Must(s)
	}
	for name, test := range map[string]struct {
		data []byte
		want fault.Code
	}{
		"nothing":            {nil, fault.LabelMissing},
		"empty body":         {canon.Must(label.Sealed{}), fault.LabelMissing},
		"too long":           {make([]byte, label.MaxSize+1), fault.LabelMalformed},
		"cut":                {good[:len(good)-1], fault.LabelMalformed},
		"byte behind":        {append(bytes.Clone(good), 0), fault.LabelMalformed},
		"long form":          {append([]byte{0x98, good[0] & 0x1f}, good[1:]...), fault.LabelMalformed},
		"version":            {change(func(l *label.Label) { l.Version = 2 }), fault.LabelMalformed},
		"level 0":            {change(func(l *label.Label) { l.Class.Confidentiality = 0 }), fault.LabelMalformed},
		"level 6":            {change(func(l *label.Label) { l.Class.Integrity = 6 }), fault.LabelMalformed},
		"no subject":         {change(func(l *label.Label) { l.Subject = "" }), fault.LabelMalformed},
		"no purpose":         {change(func(l *label.Label) { l.Purpose = "" }), fault.LabelMalformed},
		"long object":        {change(func(l *label.Label) { l.Object = strings.Repeat("a", 257) }), fault.LabelMalformed},
		"number 0":           {change(func(l *label.Label) { l.Number = 0 }), fault.LabelMalformed},
		"ends as it starts":  {change(func(l *label.Label) { l.NotAfter = l.NotBefore }), fault.LabelMalformed},
		"five tags":          {tags(5), fault.LabelMalformed},
		"body is not a list": {canon.Must(label.Sealed{Body: []byte{0x01}}), fault.LabelMalformed},
	} {
		if _, _, err := label.DecodeSealed(test.data); code(err) != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

// TestNoOtherBytes: whatever one flipped bit of a label decodes to is not what was
// sealed, or does not decode at all.
func TestNoOtherBytes(t *testing.T) {
	good := sealed(t, sample())
	want, _, err := label.DecodeSealed(good)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(good) * 8 {
		data := bytes.Clone(good)
		data[i/8] ^= 1 << (i % 8)
		s, _, err := label.DecodeSealed(data)
		if err == nil && bytes.Equal(canon.Must(s), canon.Must(want)) {
			t.Fatalf("bit %d changes nothing", i)
		}
	}
}

func FuzzDecodeSealed(f *testing.F) {
	f.Add(sealed(f, sample()))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, l, err := label.DecodeSealed(data)
		if err != nil {
			if c := code(err); c != fault.LabelMalformed && c != fault.LabelMissing {
				t.Fatalf("refused with %q", c)
			}
			return
		}
		if again, err := s.Encode(); err != nil || !bytes.Equal(again, data) {
			t.Fatalf("does not encode to itself: %v", err)
		}
		if !bytes.Equal(canon.Must(l), s.Body) {
			t.Fatal("the label does not encode to its body")
		}
	})
}

// TestVector holds the byte form against testdata/sealed.hex, which
// docs/formats/label.md describes. The keys are 32 zero bytes and 32 ones.
func TestVector(t *testing.T) {
	text, err := os.ReadFile("testdata/sealed.hex")
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(sealed(t, sample())); got != strings.TrimSpace(string(text)) {
		t.Errorf("got %s", got)
	}
}
