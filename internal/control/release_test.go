// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package control_test

import (
	"bytes"
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

func held() control.Held {
	return control.Held{
		Parcel: parcel.ID{1}, Flow: "files", Name: "名.csv", Size: 5, Root: parcel.Link{2}, Bundle: 3, Code: fault.ContentType, Since: 1_790_000_000_000,
	}
}

func release() control.ReleaseDocument {
	h := held()
	return control.ReleaseOf("guard", "front-in", &h, time.UnixMilli(1_790_000_600_000))
}

func approver(t testing.TB) (ed25519.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return public, key
}

// TestOpenRelease: a quorum of distinct approvers, and of what is around it nothing.
func TestOpenRelease(t *testing.T) {
	a, keyA := approver(t)
	b, keyB := approver(t)
	_, strange := approver(t)
	approvers := []ed25519.PublicKey{a, b}
	sealed := func(v any, keys ...ed25519.PrivateKey) []byte {
		s, err := envelope.Seal(envelope.Release, v, keys...)
		if err != nil {
			t.Fatal(err)
		}
		return s.Encode()
	}
	r, s, err := control.OpenRelease(sealed(release(), strange, keyB, keyA), approvers, 2)
	if err != nil || r != release() || !bytes.Equal(s.Encode(), sealed(release(), keyA, keyB)) {
		t.Errorf("%+v, %v", r, err)
	}
	h := held()
	if !r.Frees("guard", "front-in", &h) || r.Frees("other", "front-in", &h) || r.Frees("guard", "front-out", &h) {
		t.Error("it is for another file, or not for its own")
	}
	for name, try := range map[string]struct {
		data   []byte
		quorum int
		want   fault.Code
	}{
		"one of two":         {sealed(release(), keyA, strange), 2, fault.PolicyUnsigned},
		"no quorum":          {sealed(release(), keyA, keyB), 0, fault.PolicyUnsigned},
		"another thing":      {sealed([]string{"x"}, keyA, keyB), 2, fault.ParcelMalformed},
		"more than it may":   {make([]byte, 17<<10), 2, fault.ParcelTooLarge},
		"not even a list":    {[]byte{1}, 2, fault.ParcelMalformed},
		"signed for another": {mustSeal(t, envelope.Bundle, release(), keyA, keyB), 2, fault.PolicyUnsigned},
	} {
		if r, _, err := control.OpenRelease(try.data, approvers, try.quorum); fault.CodeOf(err) != try.want {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func mustSeal(t *testing.T, typ envelope.Type, v any, keys ...ed25519.PrivateKey) []byte {
	t.Helper()
	s, err := envelope.Seal(typ, v, keys...)
	if err != nil {
		t.Fatal(err)
	}
	return s.Encode()
}

// TestDecodeRelease: nothing in it is beyond its limits.
func TestDecodeRelease(t *testing.T) {
	for name, change := range map[string]func(*control.ReleaseDocument){
		"no guard":     func(r *control.ReleaseDocument) { r.Guard = "" },
		"a long guard": func(r *control.ReleaseDocument) { r.Guard = strings.Repeat("x", 65) },
		"no front":     func(r *control.ReleaseDocument) { r.Front = "" },
		"two lines":    func(r *control.ReleaseDocument) { r.Flow = "a\nb" },
		"no parcel":    func(r *control.ReleaseDocument) { r.Parcel = parcel.ID{} },
		"no name":      func(r *control.ReleaseDocument) { r.Name = "" },
		"a long name":  func(r *control.ReleaseDocument) { r.Name = strings.Repeat("x", 256) },
		"a large body": func(r *control.ReleaseDocument) { r.Size = parcel.MaxBody + 1 },
		"no such code": func(r *control.ReleaseDocument) { r.Code = "secret" },
		"no end":       func(r *control.ReleaseDocument) { r.NotAfter = 0 },
	} {
		r := release()
		if _, err := control.DecodeRelease(canon.Must(r)); err != nil {
			t.Fatal(err)
		}
		change(&r)
		if _, err := control.DecodeRelease(canon.Must(r)); fault.CodeOf(err) != fault.ParcelMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReleaseInTime(t *testing.T) {
	r := release()
	end := time.UnixMilli(r.NotAfter)
	for now, want := range map[time.Time]fault.Code{
		end: "", end.Add(time.Millisecond): fault.PolicyExpired, end.Add(-control.MaxRelease): "", end.Add(-control.MaxRelease - time.Millisecond): fault.ParcelMalformed,
	} {
		if err := r.InTime(now); (want == "") != (err == nil) || err != nil && fault.CodeOf(err) != want {
			t.Errorf("%s before its end: %v", end.Sub(now), err)
		}
	}
}

// TestDecodeQuarantined: a captured front tells of itself only, within limits, and the
// most that it may tell fits an answer.
func TestDecodeQuarantined(t *testing.T) {
	full := control.Quarantined{Component: "front", Total: control.MaxHeld + 1}
	for range control.MaxHeld {
		h := held()
		h.Flow, h.Name = strings.Repeat("f", 256), strings.Repeat("n", 255)
		h.Size, h.Bundle = parcel.MaxBody, 1<<63
		full.Items = append(full.Items, h)
	}
	data := canon.Must(full)
	if rule, _ := control.RuleOf(control.Quarantine); len(data) > rule.Answer {
		t.Errorf("%d bytes", len(data))
	}
	if got, err := control.DecodeQuarantined("front", data); err != nil || len(got.Items) != control.MaxHeld {
		t.Error(err)
	}
	for name, change := range map[string]func(*control.Quarantined){
		"another's":   func(q *control.Quarantined) { q.Component = "other" },
		"too few":     func(q *control.Quarantined) { q.Total = 0 },
		"no code":     func(q *control.Quarantined) { q.Items[0].Code = "" },
		"a bad name":  func(q *control.Quarantined) { q.Items[0].Name = "a\x1b[31m" },
		"no parcel":   func(q *control.Quarantined) { q.Items[0].Parcel = parcel.ID{} },
		"before 1970": func(q *control.Quarantined) { q.Items[0].Since = -1 },
	} {
		q := control.Quarantined{Component: "front", Total: 1, Items: []control.Held{held()}}
		change(&q)
		if _, err := control.DecodeQuarantined("front", canon.Must(q)); fault.CodeOf(err) != fault.ParcelMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzDecodeRelease: what is accepted is canonical and within its limits.
func FuzzDecodeRelease(f *testing.F) {
	f.Add(canon.Must(release()))
	f.Add([]byte{0x8a})
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := control.DecodeRelease(data)
		if err == nil && (!bytes.Equal(canon.Must(r), data) || !fault.Known(r.Code) || len(r.Name) > 255) {
			t.Errorf("accepted %+v of %x", r, data)
		}
	})
}

// FuzzDecodeQuarantined is the same for what a front tells.
func FuzzDecodeQuarantined(f *testing.F) {
	f.Add(canon.Must(control.Quarantined{Component: "front", Total: 1, Items: []control.Held{held()}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := control.DecodeQuarantined("front", data)
		if err == nil && (!bytes.Equal(canon.Must(q), data) || len(q.Items) > control.MaxHeld) {
			t.Errorf("accepted %+v of %x", q, data)
		}
	})
}
