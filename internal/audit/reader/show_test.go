// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package reader_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/durable"
)

func sample(i int) audit.Entry {
	e := audit.Entry{
		Time: int64(1_790_000_000_000 + i), Class: audit.ClassDecision, Parcel: [16]byte{15: byte(i)}, Flow: "f",
		Subject: "clerk", Verdict: "allow", Detail: []byte{0xa1, 0x61, 'n', 0x01},
	}
	if i%2 == 1 {
		e.Class, e.Verdict, e.Reason, e.Subject = audit.ClassAdmin, "refuse", "no-bundle", "a \"b\"\n\x1b[31m"
	}
	return e
}

func TestShow(t *testing.T) {
	dir := t.TempDir()
	j := openJournal(t, durable.OS(), dir, 1)
	for i := range 10 {
		j.Append(sample(i))
	}
	if err := errors.Join(j.Flush(), j.Close()); err != nil {
		t.Fatal(err)
	}
	parcel, err := reader.ParseParcel("00000000000000000000000000000003")
	if err != nil {
		t.Fatal(err)
	}
	at := time.UnixMilli(1_790_000_000_000)
	for name, tc := range map[string]struct {
		f    reader.Filter
		want string
	}{
		"all":     {reader.Filter{}, "0123456789"},
		"from":    {reader.Filter{From: 7}, "789"},
		"class":   {reader.Filter{Class: audit.ClassAdmin}, "13579"},
		"verdict": {reader.Filter{Verdict: "allow"}, "02468"},
		"subject": {reader.Filter{Subject: "clerk"}, "02468"},
		"flow":    {reader.Filter{Flow: "g"}, ""},
		"parcel":  {reader.Filter{Parcel: parcel}, "3"},
		"time":    {reader.Filter{Since: at.Add(2 * time.Millisecond), Until: at.Add(5 * time.Millisecond)}, "234"},
	} {
		var got strings.Builder
		err := reader.Show(dir, tc.f, func(e reader.Entry) error {
			got.WriteByte(byte('0' + e.Index))
			return nil
		})
		if err != nil || got.String() != tc.want {
			t.Errorf("%s: %q, want %q, %v", name, got.String(), tc.want, err)
		}
	}
	checkForms(t, dir)
}

// checkForms: what others chose cannot break out of a line.
func checkForms(t *testing.T, dir string) {
	err := reader.Show(dir, reader.Filter{From: 1}, func(e reader.Entry) error {
		want := `1 2026-09-21T14:13:20.001Z admin refuse reason=no-bundle flow=f subject="a \"b\"\n\x1b[31m" parcel=00000000000000000000000000000001 detail={"n": 1}`
		if got := e.Text(); got != want {
			t.Errorf("text\n%s\nwant\n%s", got, want)
		}
		b, err := e.JSON()
		var back map[string]any
		if err != nil || json.Unmarshal(b, &back) != nil || back["subject"] != "a \"b\"\n\x1b[31m" || strings.Contains(string(b), "\n") {
			t.Errorf("json %s: %v", b, err)
		}
		return durable.ErrStop
	})
	if err != nil {
		t.Error(err)
	}
}

// TestFollow sees what is there and what comes, over several segments.
func TestFollow(t *testing.T) {
	dir := t.TempDir()
	j := openJournal(t, durable.OS(), dir, 1)
	big := func(i int) audit.Entry {
		e := sample(i)
		e.Detail = make([]byte, 20_000)
		return e
	}
	for i := range 10 {
		j.Append(big(i))
	}
	if err := j.Flush(); err != nil {
		t.Fatal(err)
	}
	seen := make(chan uint64, 100)
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- reader.Follow(ctx, dir, reader.Filter{From: 3}, func(e reader.Entry) error {
			seen <- e.Index
			if e.Index == 39 {
				return durable.ErrStop
			}
			return nil
		})
	}()
	for want := uint64(3); want < 40; want++ {
		if want >= 10 {
			if err := j.Append(big(int(want))).Wait(); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case got := <-seen:
			if got != want {
				t.Fatalf("entry %d where %d is next", got, want)
			}
		case err := <-ended:
			t.Fatalf("ended before entry %d: %v", want, err)
		}
	}
	if err := errors.Join(<-ended, j.Close()); err != nil {
		t.Fatal(err)
	}
}
