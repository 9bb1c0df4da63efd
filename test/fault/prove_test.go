// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/center"
	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/guard"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/vault"
	"dukou.dev/dukou/test/fault/ledger"
)

// witnessed is the file with the latest checkpoint that a log's witness has signed.
func (r *rig) witnessed(name string) string {
	state := r.Installation.State(demo.Center)
	if name == demo.Center {
		return center.WitnessedFile(state, name)
	}
	return filepath.Join(state, "witness", filepath.Base(audit.MirrorDir("", audit.Origin(name))), "checkpoint")
}

// source says where the log of a component is, and with which keys it verifies.
func (r *rig) source(name string) (ledger.Source, error) {
	s := ledger.Source{Dir: filepath.Join(r.Installation.State(name), "audit"), Witnessed: r.history.of(name), Details: &reader.Details{Key: r.detailKey}}
	for _, c := range r.Installation.Components {
		if c.ID == name {
			v, err := audit.NewVerifier(audit.Origin(name), c.Key)
			if err != nil {
				return s, err
			}
			s.Keys = note.VerifierList(v)
		}
	}
	witness := demo.Center
	if name == demo.Center {
		witness = demo.GuardInner
	}
	key, err := pki.ReadPublicKey(filepath.Join(r.Installation.State(witness), "witness.pub"))
	if err != nil {
		return s, err
	}
	v, err := audit.NewWitnessVerifier(guard.WitnessName(witness), key)
	if err != nil {
		return s, err
	}
	s.WitnessKeys = note.VerifierList(v)
	if slices.Contains(guards(), name) {
		s.Tag, err = r.tagOf(name)
	}
	return s, err
}

// detailKey finds the key of a component's details where the signer or the component
// keeps it.
func (r *rig) detailKey(origin string, id audit.KeyID) (vault.Key, error) {
	name := strings.TrimPrefix(origin, audit.Origin(""))
	if id.Day == audit.NoDay {
		return vault.Load(filepath.Join(r.Installation.State(name), "vault.key"))
	}
	signer, err := authority.Load(r.Installation.Home(demo.Signer))
	if err != nil {
		return vault.Key{}, err
	}
	key, err := signer.DetailKey(authority.WantDetailKey{Component: name, Class: id.Class, Day: uint64(id.Day)})
	if err != nil {
		return vault.Key{}, err
	}
	return vault.Key(key), nil
}

// guards are the processes of the guard, each of which records what it passes.
func guards() []string {
	return []string{demo.GuardOuter, demo.GuardGate, demo.GuardInner}
}

// tagOf verifies, with a judge's own leased keys, the tag that it must have found. The
// outer half holds no keys for what comes from inside, and the gate none for what comes
// from outside.
func (r *rig) tagOf(name string) (ledger.TagFunc, error) {
	identity, err := pki.LoadIdentity(r.Installation.Identity(name))
	if err != nil {
		return nil, err
	}
	keys := &pki.Keys{}
	if err := identity.LoadLease(r.Installation.State(name), keys); err != nil {
		return nil, err
	}
	return func(h *parcel.Header, s label.Sealed, l *label.Label) error {
		inwards := h.FromZone == demo.ZoneOuter
		if name == demo.GuardOuter && !inwards || name == demo.GuardGate && inwards {
			return ledger.NoJudge
		}
		tag, err := s.TagFor(name)
		if err != nil {
			return err
		}
		key, ok := keys.Key(l.Maker, name, l.Epoch)
		if !ok {
			return fmt.Errorf("no key of %s for epoch %d", l.Maker, l.Epoch)
		}
		if mac := label.MAC(key, name, tag.Window, s.Body); !hmac.Equal(mac[:], tag.MAC[:]) {
			return errors.New("the tag does not match the label")
		}
		return nil
	}, nil
}

// run is all that is known by now. Without logs, only what was sent and arrived.
func (r *rig) run(a *asker, logs bool) (*ledger.Run, error) {
	run := &ledger.Run{Ways: map[string]ledger.Way{}, Logs: map[string]*ledger.Log{}}
	if logs {
		if err := r.readLogs(run); err != nil {
			return nil, err
		}
	}
	run.Ways["fault-once"] = judged(logs, ledger.Way{Question: true}, demo.GuardInner, demo.GuardGate)
	run.Ways["fault-in"] = judged(logs, ledger.Way{}, demo.GuardInner)
	run.Ways["fault-some"] = judged(logs, ledger.Way{MayRefuse: map[fault.Code]bool{fault.PolicyDenied: true}}, demo.GuardInner)
	run.Ways["fault-out"] = judged(logs, ledger.Way{}, demo.GuardGate)
	for _, w := range r.ways {
		w.mu.Lock()
		run.Sent = append(run.Sent, w.sent...)
		run.Arrived = append(run.Arrived, w.arrived...)
		run.Reported = append(run.Reported, w.reports...)
		w.mu.Unlock()
	}
	r.app.mu.Lock()
	run.Arrived = append(run.Arrived, r.app.arrived...)
	r.app.mu.Unlock()
	a.mu.Lock()
	run.Sent = append(run.Sent, a.sent...)
	a.mu.Unlock()
	r.mu.Lock()
	run.Ends = slices.Clone(r.ends)
	r.mu.Unlock()
	return run, nil
}

// judged fills in which parts of the guard have to have recorded what goes a way: the
// last judge of either direction has it on its disk before it passes anything on.
func judged(logs bool, w ledger.Way, durable string, answers ...string) ledger.Way {
	if !logs {
		return w
	}
	w.Durable, w.Answers = []string{durable}, answers
	for _, name := range guards() {
		if name != durable {
			w.Prompt = append(w.Prompt, name)
		}
	}
	return w
}

// readLogs reads every log. One that is being written may look unsound for a moment,
// one that is does so for ever.
func (r *rig) readLogs(run *ledger.Run) error {
	for _, name := range demo.Components() {
		for try := range 5 {
			s, err := r.source(name)
			if err != nil {
				return err
			}
			log, err := ledger.ReadLog(s)
			if err != nil {
				return fmt.Errorf("log of %s: %w", name, err)
			}
			run.Logs[name] = log
			if len(log.Findings) == 0 {
				break
			}
			rest(r.t.Context(), time.Duration(try+1)*200*time.Millisecond)
		}
	}
	return nil
}

// told says that a sender was told something wrong, while what had to arrive did, once.
func told(v ledger.Violation) bool { return v.Kind == ledger.Misled || v.Kind == ledger.Reached }

// maxShown bounds the violations that are printed.
const maxShown = 20

// prove runs the checker and fails the test with what it finds.
func (r *rig) prove(a *asker, logs bool) []ledger.Violation {
	r.t.Helper()
	run, err := r.run(a, logs)
	if err != nil {
		r.t.Fatal(err)
	}
	found := ledger.Check(run)
	if !logs && slices.ContainsFunc(found, func(v ledger.Violation) bool { return !r.shown[string(v.Kind)+v.ID] }) {
		return r.prove(a, true) // with what the logs say of it
	}
	var fresh []ledger.Violation
	for _, v := range found {
		if key := string(v.Kind) + v.ID; !r.shown[key] {
			fresh = append(fresh, v)
		}
		r.shown[string(v.Kind)+v.ID] = true
	}
	for _, v := range fresh[:min(len(fresh), maxShown)] {
		r.t.Error(v)
	}
	if n := len(fresh) - maxShown; n > 0 {
		r.t.Errorf("and %d more", n)
	}
	return found
}
