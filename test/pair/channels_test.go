// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/wire"

	"dukou.dev/dukou/internal/exchange"
)

// The bounds of docs/formats/control.md, "Outwards": what leaves the inner side without
// being a parcel that the gate found good, a second, and at once.
const (
	words, wordsAtOnce     = 20.0, 100.0
	calls, callsAtOnce     = 40.0, 200.0
	windows, windowsAtOnce = 0.2, 10.0
	resyncs                = 0.1 // of each component's records
)

// measured is how long each channel is driven.
const measured = 3 * time.Second

// drive has workers send as fast as they can, and gives how many symbols got through a
// second, after what passes at once is used up; never more than the bound allows.
func drive(t *testing.T, name string, rate, atOnce float64, send func() bool) {
	t.Helper()
	start, end := time.Now(), time.Now().Add(measured)
	var sent, through atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for time.Now().Before(end) {
				sent.Add(1)
				if send() {
					through.Add(1)
				}
			}
		})
	}
	all.Wait()
	took := time.Since(start).Seconds()
	t.Logf("%-28s %6d tried, %5d through in %.1f s; the bound is %.0f and %.1f a second", name, sent.Load(), through.Load(), took, atOnce, rate)
	if got := float64(through.Load()); got == 0 || got > atOnce+rate*took+1 {
		t.Errorf("%s: %.0f got through in %.1f s, want 1 to %.0f", name, got, took, atOnce+rate*took+1)
	}
}

// chosen is what nobody but the attacker chooses.
func chosen() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.BigEndian.Uint64(b[:])
}

// TestOutwardChannels has a captured inner process tell the outside what it may not, by
// everything that it may vary and that is not timing, and prints how much that is.
func TestOutwardChannels(t *testing.T) {
	z := newSeized(t)
	codes := fault.Codes()
	var turn atomic.Uint64
	z.answers(func(h *parcel.Header) wire.Message {
		code := codes[turn.Add(1)%uint64(len(codes))]
		if code == fault.LabelWindow { // the asker would ask again
			code = fault.InternalError
		}
		return exchange.RefusalMessage(h.ID, code)
	})
	drive(t, "codes of refusals", words, wordsAtOnce, func() bool {
		_, err := z.ask("out/p-1", "p-1")
		return err != nil && fault.CodeOf(err) != fault.Interrupted
	})
	drive(t, "calls", calls, callsAtOnce, func() bool {
		n := chosen()
		_, err := z.process.call([]control.Type{control.Health, control.Checkpoint}[n%2], []string{outer, frontOut}[n/2%2], nil)
		return err == nil
	})
	drive(t, "where records begin", resyncs, 1, func() bool {
		_, err := z.process.call(control.Records, outer, canon.Must(control.WantRecords{From: chosen() >> 1, Max: control.MaxRecords}))
		return err == nil
	})
	drive(t, "windows", windows, windowsAtOnce, func() bool {
		var w label.Window
		_, _ = rand.Read(w[:]) // never fails
		_, err := z.process.call(control.Windows, gate, canon.Must([]label.Verifier{{Judge: inner, Window: w}}))
		return err == nil
	})
	z.closed(t)
	components := float64(len(cast))
	symbol := math.Log2(366 * 24) // hours of a receipt of long ago; a code or a place to resume at is less
	figures := []struct {
		name string
		bits float64
	}{
		{"refusals, resumes, receipts", words * symbol},
		{"of these by refusals alone", words * math.Log2(float64(len(codes)))},
		{"calls", calls * math.Log2(8*components)}, // types that the center calls
		{"where records begin", 2 * resyncs * 64},  // outer half and one front
		{"windows", windows * 128},
	}
	sum := figures[0].bits + figures[2].bits + figures[3].bits + figures[4].bits
	for _, f := range figures {
		t.Logf("%-28s at most %4.0f bits a second", f.name, f.bits)
	}
	t.Logf("%-28s at most %4.0f bits a second, and one for each question: whether it is answered. Timing and the order of answers are not counted", "a captured inner process", sum)
	t.Logf("%-28s at most %4.0f bits a second, and one for each question, beside what its flows let it answer", "a captured inner front", figures[0].bits)
	if sum > 600 {
		t.Errorf("the sum is %.0f bits a second", sum)
	}
}

// closed tries what carries nothing at all: bytes that only the approvers or the
// authority can make, names, numbers.
func (z *seized) closed(t *testing.T) {
	t.Helper()
	stale := z.lease(frontOut, 1)
	for name, c := range map[string]struct {
		typ     control.Type
		to      string
		payload []byte
	}{
		"a bundle of its own":     {control.Bundle, outer, []byte("secret")},
		"a bundle of one signer":  {control.Bundle, outer, z.sign(z.bundle(2), 1)},
		"a release of its own":    {control.Release, frontOut, []byte("secret")},
		"a lease of its own":      {control.Lease, outer, []byte("secret")},
		"another's lease":         {control.Lease, outer, stale},
		"a name":                  {control.Health, "secret", nil},
		"so many records":         {control.Records, outer, canon.Must(control.WantRecords{Max: 42})},
		"a payload of a question": {control.Health, outer, []byte("secret")},
		"a payload of another":    {control.Quarantine, frontOut, []byte("secret")},
	} {
		if _, err := z.process.call(c.typ, c.to, c.payload); err == nil {
			t.Errorf("%s went out", name)
		}
	}
	z.process.mu.Lock()
	z.process.says = func(context.Context, control.Head) ([]byte, error) { return []byte("secret"), nil }
	z.process.mu.Unlock()
	for _, says := range []func(context.Context, control.Head) ([]byte, error){
		func(context.Context, control.Head) ([]byte, error) { return []byte("secret"), nil },
		func(context.Context, control.Head) ([]byte, error) { return nil, fault.New(fault.NameInvalid, "") },
		func(context.Context, control.Head) ([]byte, error) { return z.authority.Time([16]byte{1}, time.Now()) }, // of another nonce
	} {
		z.process.mu.Lock()
		z.process.says = says
		z.process.mu.Unlock()
		if answer, err := z.mustGrip(frontTwo, outer).call(control.Time, central, make([]byte, 16)); fault.CodeOf(err) != fault.PeerUnavailable {
			t.Errorf("the time: %q, %v", answer, err)
		}
	}
}

// TestCapturedInnerFrontChannels: an inner front that was taken over has the codes of its
// refusals, at the gate's rate.
func TestCapturedInnerFrontChannels(t *testing.T) {
	w := newWorld(t, newSite(t))
	codes := fault.Codes()
	var turn atomic.Uint64
	w.app.set(func(context.Context, front.Call) (parcel.Record, error) {
		code := codes[turn.Add(1)%uint64(len(codes))]
		if code == fault.LabelWindow {
			code = fault.InternalError
		}
		return nil, fault.New(code, "secret")
	})
	drive(t, "codes of refusals", words, wordsAtOnce, func() bool {
		_, err := w.ask("out/p-1", "p-1")
		return err != nil && fault.CodeOf(err) != fault.Interrupted
	})
}
