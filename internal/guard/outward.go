// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"context"
	"crypto/ed25519"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/exchange"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/pki"
)

// The most that leaves the inner side a second without being a parcel that a judge has
// found good. What a captured inner process or front can tell by it is in
// docs/formats/control.md, "Outwards".
const (
	wordsRate    = 20 // codes of refusals, places to resume at, receipts of long ago
	wordsBurst   = 100
	callsRate    = 40 // calls
	callsBurst   = 200
	windowsEvery = 5 * time.Second // a new window of the inner process's judge
	windowsBurst = 10
	resyncEvery  = 10 * time.Second // records of a component from elsewhere than where they ended
)

// border is what the gate holds to bounds on its way out.
type border struct {
	half    *Half
	now     func() time.Time
	words   *rate.Limiter
	calls   *rate.Limiter
	windows *rate.Limiter

	mu     sync.Mutex
	window []label.Verifier        // that was told last
	reads  map[string]*recordsRead // by component
}

// recordsRead is how far the records of a component have been read through here.
type recordsRead struct {
	from, next uint64
	free       *rate.Limiter // to begin elsewhere
}

func newBorder(h *Half, now func() time.Time) *border {
	return &border{
		half: h, now: now, words: rate.NewLimiter(wordsRate, wordsBurst), calls: rate.NewLimiter(callsRate, callsBurst),
		windows: rate.NewLimiter(rate.Every(windowsEvery), windowsBurst), reads: map[string]*recordsRead{},
	}
}

// turn waits for a limiter, no longer than patience; false for too long.
func turn(ctx context.Context, l *rate.Limiter, now time.Time, n int, patience time.Duration) bool {
	r := l.ReserveN(now, n)
	if !r.OK() {
		return false
	}
	wait := r.DelayFrom(now)
	if wait > patience {
		r.CancelAt(now)
		return false
	}
	return wait == 0 || daemon.Rest(ctx, wait)
}

// word waits until one of what is told outwards may be told.
func (b *border) word(ctx context.Context) bool {
	return turn(ctx, b.words, b.now(), 1, callPatience)
}

// refusal is the cause that is told: with too many at once all are the same, and the same
// as one that says nothing of how far it came.
func (b *border) refusal(ctx context.Context, cause error) error {
	if fault.CodeOf(cause) == fault.Interrupted || b.word(ctx) {
		return cause
	}
	return fault.Wrap(fault.Interrupted, cause, "too many refusals outwards")
}

// fresh is how old a receipt's time may be to be taken for now.
const fresh = time.Minute

// receipt takes from a receipt what its receiver could tell by the time in it: that of a
// release just now becomes this clock's, that of an earlier one is cut to the hour.
func (b *border) receipt(ctx context.Context, r exchange.Receipt) (exchange.Receipt, error) {
	now := b.now()
	if age := now.Sub(time.UnixMilli(r.Released)); age.Abs() < fresh {
		r.Released = now.UnixMilli()
		return r, nil
	}
	// A release that was made is never told as a refusal, whatever either clock says.
	r.Released = min(max(r.Released, now.Add(-receiptAge).UnixMilli()), now.UnixMilli())
	r.Released -= r.Released % time.Hour.Milliseconds()
	if !b.word(ctx) {
		return r, fault.New(fault.TooBusy, "too many receipts of long ago")
	}
	return r, nil
}

// receiptAge is the age of the oldest receipt that is told again: a year.
const receiptAge = 366 * 24 * time.Hour

// call holds a call that goes out to what the center says, and gives the payload that is
// passed on: of what is signed nothing but what was signed.
func (b *border) call(ctx context.Context, head control.Head, payload []byte) ([]byte, error) {
	if !b.known(head.To) {
		return nil, fault.New(fault.PeerUnavailable, "no component %q", head.To)
	}
	if !turn(ctx, b.calls, b.now(), 1, callPatience) {
		return nil, fault.New(fault.RateLimited, "too many calls outwards")
	}
	admission := b.half.Identity.Admission
	switch head.Type {
	case control.Bundle: // what is in it the receiver looks at
		s, err := signed(payload, envelope.Bundle, admission.Approvers)
		if err != nil {
			return nil, fault.Wrap(fault.PolicyMalformed, err, "bundle")
		}
		if len(s.Signatures) < int(admission.Quorum) {
			return nil, fault.New(fault.PolicyUnsigned, "bundle has %d of %d approvals", len(s.Signatures), admission.Quorum)
		}
		return s.Encode(), nil
	case control.Lease:
		var l pki.SealedLease
		s, err := b.byAuthority(payload, envelope.Lease, &l)
		if err != nil || l.Component != head.To {
			return nil, fault.New(fault.PolicyMalformed, "no lease of %q", head.To)
		}
		return s, nil
	case control.Release: // whether anything of it lies there the front knows
		r, s, err := control.OpenRelease(payload, admission.Approvers, int(admission.Quorum))
		if err == nil && r.Front != head.To {
			err = fault.New(fault.FlowDirection, "a release at %q, called of %q", r.Front, head.To)
		}
		if err == nil {
			err = r.InTime(b.now())
		}
		if err != nil {
			return nil, err
		}
		return s.Encode(), nil
	case control.Records:
		return payload, b.wantRecords(head.To, payload)
	}
	return payload, nil
}

// known tells whether a call may name a component at all: one of the bundle, before the
// first one of the admission.
func (b *border) known(id string) bool {
	if p := b.half.keeper.Current(); p != nil && p.Component(id) != nil {
		return true
	}
	return slices.ContainsFunc(b.half.Identity.Admission.Peers, func(p pki.Peer) bool { return p.ID == id })
}

// signed is a document with the signatures of the keys and nothing around them.
func signed(data []byte, t envelope.Type, keys []ed25519.PublicKey) (*envelope.Signed, error) {
	s, err := envelope.Decode(data)
	if err != nil {
		return nil, err
	}
	return s.Only(t, keys)
}

// byAuthority opens what the authority has signed, and gives it without anything else.
func (b *border) byAuthority(data []byte, t envelope.Type, v any) ([]byte, error) {
	keys := []ed25519.PublicKey{b.half.Identity.Admission.Authority}
	s, err := signed(data, t, keys)
	if err != nil {
		return nil, err
	}
	return s.Encode(), s.Open(t, 1, keys, v)
}

// wantRecords lets records be asked for from where the last answer began or ended, and
// from elsewhere now and then.
func (b *border) wantRecords(id string, payload []byte) error {
	var want control.WantRecords
	if err := canon.Unmarshal(payload, &want); err != nil || want.Max != control.MaxRecords {
		return fault.New(fault.ParcelMalformed, "call for records")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.reads[id]
	if r == nil { // as many as there are components
		r = &recordsRead{free: rate.NewLimiter(rate.Every(resyncEvery), 1)}
		b.reads[id] = r
	}
	if want.From != r.from && want.From != r.next && !r.free.AllowN(b.now(), 1) {
		return fault.New(fault.RateLimited, "records of %q from %d", id, want.From)
	}
	r.from, r.next = want.From, want.From
	return nil
}

// gotRecords notes where an answer ends.
func (b *border) gotRecords(id string, answer []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.reads[id]; r != nil {
		r.next = r.from + control.CountRecords(answer)
	}
}

// answer holds the answer to a call from outside, or why there is none, to what the
// center says: there is one such call, for the time.
func (b *border) answer(head control.Head, nonce, answer []byte, err error) ([]byte, error) {
	var t pki.Time
	if err == nil {
		answer, err = b.byAuthority(answer, envelope.Time, &t)
	}
	if err != nil || string(t.Nonce[:]) != string(nonce) {
		return nil, fault.New(fault.PeerUnavailable, "no answer to %d of %q", head.Type, head.To)
	}
	return answer, nil
}

// news holds the inner process to few windows: each is sixteen bytes that it may choose.
func (b *border) news(list []label.Verifier) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(list) == 0 || slices.Equal(list, b.window) {
		return nil
	}
	if !b.windows.AllowN(b.now(), 1) {
		return fault.New(fault.RateLimited, "too many windows")
	}
	b.window = list
	return nil
}
