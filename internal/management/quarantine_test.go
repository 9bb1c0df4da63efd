// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/quarantine"
)

// heldFront stands for a front with a quarantine: it verifies as a front does.
type heldFront struct {
	mu       sync.Mutex
	items    []control.Held
	released []parcel.ID
}

func (f *heldFront) look(_ context.Context, front string) (control.Quarantined, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return control.Quarantined{Component: front, Total: uint64(len(f.items)), Items: slices.Clone(f.items)}, nil
}

func (f *heldFront) send(_ context.Context, front string, document []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, _, err := control.OpenRelease(document, []ed25519.PublicKey{publicOf("sec"), publicOf("sec2")}, 2)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(f.items, func(h control.Held) bool { return r.Frees("guard-1", front, &h) })
	if i < 0 {
		return fault.New(fault.ParcelUnknown, "not here")
	}
	f.items = slices.Delete(f.items, i, i+1)
	f.released = append(f.released, r.Parcel)
	return nil
}

func heldItem(name string) control.Held {
	return control.Held{Parcel: parcel.NewID(), Flow: "batch-up", Name: name, Size: 5, Bundle: 1, Code: fault.ContentType, Since: theBeginning().UnixMilli()}
}

// openHeld is a bank whose front holds two files in quarantine.
func openHeld(t *testing.T) (*bank, *heldFront) {
	b := openBank(t, false)
	f := &heldFront{items: []control.Held{heldItem("salaries.exe"), heldItem("other.exe")}}
	keys := []ed25519.PublicKey{publicOf("sec"), publicOf("sec2")}
	d := quarantine.New(quarantine.Config{
		Guard: "guard-1", Anchors: policy.Anchors{Approvers: keys, Quorum: 2}, Look: f.look, Send: f.send, Now: b.clock,
		InForce: func() *policy.Policy {
			return &policy.Policy{Bundle: policy.Bundle{Flows: []policy.Flow{{Name: "batch-up", Kind: "deliver", Exit: "front-intranet"}}}}
		},
		Approver: func(ctx context.Context, account string) (ed25519.PublicKey, error) {
			text, err := b.Accounts.ApproverKey(ctx, account)
			for _, key := range keys {
				if text == hex.EncodeToString(key) {
					return key, err
				}
			}
			return nil, errors.Join(errors.New("no key"), err)
		},
	})
	log := slog.New(slog.DiscardHandler)
	proposals, err := proposal.Open(b.db, proposal.Config{Acts: QuarantineActs(d), Holders: b.Accounts.Holders, Record: b.Record, Tell: func(string, string) {}, Log: log, Now: b.clock})
	b.must("proposals", err)
	b.runs("proposals", proposals.Run)
	c := b.Config
	c.Proposals, c.Held = proposals, d
	b.Server = New(c)
	b.listen(b.Server)
	return b, f
}

// releaseBody is what a person sends who proposes, with a signature by a key.
func (b *bank) releaseBody(document, key string) map[string]any {
	return map[string]any{"document": base64.StdEncoding.EncodeToString([]byte(document)), "signature": b.released(document, key)[0], "reason": "the board wants it"}
}

func (b *bank) released(document, key string) []string {
	b.t.Helper()
	s := envelope.Signed{Payload: []byte(document)}
	b.must("sign", s.Sign(envelope.Release, keyOf(key)))
	return []string{base64.StdEncoding.EncodeToString(s.Signatures[0].COSE)}
}

// TestReleaseByTwo: two security administrators, each with a key of their own, release one
// file; nobody else does, and nobody alone.
func TestReleaseByTwo(t *testing.T) {
	b, f := openHeld(t)
	sec, sec2, sys, aud := b.enter("sec"), b.enter("sec2"), b.enter("sys"), b.enter("aud")
	for name, secret := range map[string]string{"sec": sec, "sec2": sec2} {
		b.ok("register a key", b.call("PUT", "/self/key", map[string]any{"key": hex.EncodeToString(publicOf(name))}, bearer(secret)))
	}
	for secret, named := range map[string]bool{sec: true, aud: true, sys: false} {
		r := b.ok("list", b.call("GET", "/quarantine", nil, bearer(secret)))
		if strings.Contains(r.text, "salaries") != named || !strings.Contains(r.text, f.items[0].Parcel.String()) {
			t.Errorf("names are told: %t\n%s", named, r.text)
		}
	}
	first, second := f.items[0], f.items[1]
	at := "/quarantine/front-intranet/" + first.Parcel.String()
	document := b.ok("get", b.call("GET", at+"/document", nil, bearer(sec))).text
	b.refused("unknown parcel", b.call("GET", "/quarantine/front-intranet/"+parcel.NewID().String()+"/document", nil, bearer(sec)), "unknown")
	b.refused("unknown front", b.call("GET", "/quarantine/front-internet/"+first.Parcel.String()+"/document", nil, bearer(sec)), "unknown")
	for _, secret := range []string{sys, aud} {
		b.refused("by another duty", b.call("POST", at+"/release", b.releaseBody(document, "sec"), bearer(secret)), "duty-wrong")
	}
	b.refused("with another's key", b.call("POST", at+"/release", b.releaseBody(document, "sec2"), bearer(sec)), "invalid")
	b.refused("of another parcel", b.call("POST", "/quarantine/front-intranet/"+second.Parcel.String()+"/release", b.releaseBody(document, "sec"), bearer(sec)), "invalid")
	made := b.ok("propose", b.call("POST", at+"/release", b.releaseBody(document, "sec"), bearer(sec)))
	b.about(made.get("id"), proposal.About{Code: quarantine.Kind, Component: "front-intranet", Parcel: first.Parcel.String()})
	vote := func(secret string, signatures []string) reply {
		return b.call("POST", "/proposals/"+made.get("id")+"/approve", map[string]any{"digest": made.get("digest"), "signatures": signatures}, bearer(secret))
	}
	if r := b.ok("read", b.call("GET", "/proposals/"+made.get("id"), nil, bearer(sys))); strings.Contains(r.text, "salaries") || r.body["payload"] != nil {
		t.Errorf("system reads %s", r.text)
	}
	if r := b.ok("read", b.call("GET", "/proposals/"+made.get("id"), nil, bearer(aud))); !strings.Contains(r.text, "salaries") {
		t.Errorf("audit reads %s", r.text)
	}
	b.refused("one's own", vote(sec, b.released(document, "sec")), "own-proposal")
	b.refused("without a signature", vote(sec2, nil), "invalid")
	b.refused("with the same key", vote(sec2, b.released(document, "sec")), "invalid")
	b.refused("over something else", vote(sec2, b.released(document+"x", "sec2")), "invalid")
	b.refused("by audit", vote(aud, b.released(document, "sec2")), "duty-wrong")
	if len(f.released) != 0 {
		t.Fatalf("released by one: %v", f.released)
	}
	b.ok("approve", vote(sec2, b.released(document, "sec2")))
	b.ends(made.get("id"), "done", aud)
	if f.mu.Lock(); !slices.Equal(f.released, []parcel.ID{first.Parcel}) {
		t.Errorf("released: %v", f.released)
	}
	f.mu.Unlock()
	b.refused("again", b.call("POST", at+"/release", b.releaseBody(document, "sec"), bearer(sec)), "unknown")
}

// ends waits until a proposal is in a state.
func (b *bank) ends(id, state, secret string) {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		r := b.ok("show", b.call("GET", "/proposals/"+id, nil, bearer(secret)))
		if r.get("state") == state {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("it is %s", r.text)
		}
	}
}
