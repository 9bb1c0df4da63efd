// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
)

// PublishKind is the act of two persons that puts a publication in force.
const PublishKind = "publish-policy"

// Publish is the payload of that act.
type Publish struct {
	Publication string `json:"publication"`
	Version     uint64 `json:"version"`
	Digest      string `json:"digest"`
	Return      uint64 `json:"return"`
	ReturnDig   string `json:"returnDigest"`
	Confirm     int    `json:"confirmWithin"`
}

// Proposed is a publication as two persons see it.
type Proposed struct {
	Title      string
	Payload    json.RawMessage
	Difference string // at most the bytes that were asked for
}

// Propose gives what is proposed for a publication: its payload, and the difference to
// what is in force now in words and as text.
func (d *Desk) Propose(ctx context.Context, id string, most int) (Proposed, error) {
	p, err := d.Publication(ctx, id)
	if err != nil {
		return Proposed{}, err
	}
	docs, err := readDocuments(ctx, d.db, id)
	if err != nil {
		return Proposed{}, err
	}
	payload, err := json.Marshal(payloadOf(p))
	if err != nil {
		return Proposed{}, err
	}
	head, diff, err := d.seen(ctx, p, docs)
	if err != nil {
		return Proposed{}, err
	}
	title := clipped(fmt.Sprintf("Publish policy version %d: %s", p.Version, p.Title), maxTitle-len("…"))
	return Proposed{Title: title, Payload: payload, Difference: head + diff.Show(most-len(head))}, nil
}

func payloadOf(p Publication) Publish {
	return Publish{Publication: p.ID, Version: p.Version, Digest: p.Digest, Return: p.ReturnVersion, ReturnDig: p.ReturnDigest, Confirm: p.ConfirmWithin}
}

// seen is what both persons are shown: what it is, and what it changes.
func (d *Desk) seen(ctx context.Context, p Publication, docs documents) (string, Difference, error) {
	b, err := bundleOf(docs.bundle)
	if err != nil {
		return "", Difference{}, problem.Wrap(problem.Conflict, err, "the bundles of this publication are not here any more: prepare it anew")
	}
	folder, err := sourceOf(ctx, d.db, p.Digest)
	if err != nil {
		return "", Difference{}, err
	}
	diff, err := d.differs(ctx, folder, b)
	if err != nil {
		return "", Difference{}, err
	}
	var head strings.Builder
	fmt.Fprintf(&head, "bundle: version %d, SHA-256 %s, to %s\n", p.Version, p.Digest, stamp(b.NotAfter))
	if p.ReturnVersion > 0 {
		fmt.Fprintf(&head, "return: version %d, SHA-256 %s: version %d again, unless it is confirmed within %d minutes\n", p.ReturnVersion, p.ReturnDigest, p.Base, p.ConfirmWithin)
	} else {
		head.WriteString("return: none, since nothing is in force\n")
	}
	head.WriteString(d.rehearsed(ctx, p) + "\n")
	w := words{names: namesOf(b)}
	if now := d.InForce(); now != nil {
		w.components(&now.Bundle, b)
	} else {
		w.components(&policy.Bundle{}, b)
	}
	diff.Changes = append(w.sorted(), diff.Changes...)
	return head.String(), diff, nil
}

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }

// components compares who takes part.
func (w *words) components(a, b *policy.Bundle) {
	what := func(c *policy.Component) string {
		return fmt.Sprintf("%s %s of zone %q, key %s", c.Role, c.ID, c.Zone, envelope.IDOf(c.Key))
	}
	compare(a.Components, b.Components, func(c *policy.Component) string { return c.ID },
		func(c *policy.Component) { w.add("component", c.ID, Wider, "component %s takes part", what(c)) },
		func(c *policy.Component) {
			w.add("component", c.ID, Narrower, "component %s takes part no more", what(c))
		},
		func(x, y *policy.Component) {
			if !bytes.Equal(x.Key, y.Key) || !bytes.Equal(x.Seal, y.Seal) || x.Role != y.Role || x.Zone != y.Zone {
				w.add("component", y.ID, Other, "component %s is now %s, with other keys or in another place than %s", y.ID, what(y), what(x))
			}
		})
}

// Ballot is one person's yes to a publication.
type Ballot struct {
	Account    string   // id
	Signatures [][]byte // detached COSE over the bundle, and over the return where there is one
}

// CheckPublish refuses a publication that cannot be put in force, or not any more.
func (d *Desk) CheckPublish(ctx context.Context, payload json.RawMessage) error {
	p, err := d.meant(ctx, payload)
	if err != nil {
		return err
	}
	if p.State != Prepared {
		return problem.New(problem.Conflict, "the publication is %s", p.State)
	}
	return d.stillFits(p)
}

// meant is the publication that a payload means, which must be the very one.
func (d *Desk) meant(ctx context.Context, payload json.RawMessage) (Publication, error) {
	var want Publish
	decoder := json.NewDecoder(bytes.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&want); err != nil {
		return Publication{}, problem.Wrap(problem.Invalid, err, "the payload is not that of a publication")
	}
	p, err := d.Publication(ctx, want.Publication)
	if err != nil {
		return p, err
	}
	if payloadOf(p) != want {
		return p, problem.New(problem.Conflict, "the payload is not that of publication %s", p.ID)
	}
	return p, nil
}

// stillFits refuses when something else has come into force since it was made.
func (d *Desk) stillFits(p Publication) error {
	now := d.InForce()
	var version uint64
	if now != nil {
		version = now.Version
	}
	if version == p.Base || version == p.Version && digestOf(now) == p.Digest {
		return nil
	}
	return problem.New(problem.Conflict, "policy version %d is in force, and this one was made when version %d was: prepare it anew", version, p.Base)
}

// CheckBallot verifies a person's signatures. Nobody signs with a key that another one
// has signed with, however accounts and keys come to belong together.
func (d *Desk) CheckBallot(ctx context.Context, payload json.RawMessage, b Ballot, others []Ballot) error {
	p, err := d.meant(ctx, payload)
	if err != nil {
		return err
	}
	key, err := d.approverKey(ctx, b.Account)
	if err != nil {
		return err
	}
	docs, err := readDocuments(ctx, d.db, p.ID)
	if err != nil {
		return err
	}
	if !docs.signedBy(key, b) {
		return problem.New(problem.Invalid, "wanted are signatures by your approver key, %s, over the bundle and over the return (dukou proposal approve makes them)", envelope.IDOf(key))
	}
	if slices.ContainsFunc(others, func(other Ballot) bool { return docs.signedBy(key, other) }) {
		return problem.New(problem.OwnProposal, "the other person has signed with the same key")
	}
	return nil
}

// approverKey is the key that a person signs with, which must be one that was pinned.
func (d *Desk) approverKey(ctx context.Context, account string) (ed25519.PublicKey, error) {
	text, err := d.ApproverKey(ctx, account)
	if err != nil {
		return nil, err
	}
	for _, key := range d.Anchors.Approvers {
		if text == hex.EncodeToString(key) {
			return key, nil
		}
	}
	if text == "" {
		return nil, problem.New(problem.Conflict, "you have no approver key: register the public one of yours (dukou account key set)")
	}
	return nil, problem.New(problem.Conflict, "your approver key, %s, is none of those that this installation was made with", text)
}

// signedBy tells whether a ballot has a key's signatures over each of the bundles.
func (docs *documents) signedBy(key ed25519.PublicKey, b Ballot) bool {
	payloads := docs.payloads()
	if len(b.Signatures) != len(payloads) {
		return false
	}
	for i, payload := range payloads {
		s := envelope.Signed{Payload: payload, Signatures: []envelope.Signature{{Key: envelope.IDOf(key), COSE: b.Signatures[i]}}}
		if len(s.Signers(envelope.Bundle, []ed25519.PublicKey{key})) == 0 {
			return false
		}
	}
	return true
}

// payloads are the bundles in the order in which they are signed.
func (docs *documents) payloads() [][]byte {
	if len(docs.back) == 0 {
		return [][]byte{docs.bundle}
	}
	return [][]byte{docs.bundle, docs.back}
}

// Publish puts an approved publication in force, and says in a sentence what was done.
// To call it again does nothing twice. What is not a problem of the publication itself is
// of code Unavailable: it may be called again, and goes on by itself once it has begun.
func (d *Desk) Publish(ctx context.Context, payload json.RawMessage, ballots []Ballot) (string, error) {
	result, err := d.publish(ctx, payload, ballots)
	if err != nil && problem.CodeOf(err) == problem.Internal {
		err = problem.Wrap(problem.Unavailable, err, "the publication does not go on yet")
	}
	return result, err
}

func (d *Desk) publish(ctx context.Context, payload json.RawMessage, ballots []Ballot) (string, error) {
	p, err := d.meant(ctx, payload)
	if err != nil {
		return "", err
	}
	d.step.Lock()
	defer d.step.Unlock()
	if p.State == Prepared {
		if err := d.sign(ctx, p, ballots); err != nil {
			return "", err
		}
	}
	if p, err = d.advance(ctx, p.ID); err != nil {
		return "", err
	}
	if p.State == Failed || p.State == Applying {
		return "", problem.New(problem.Conflict, "%s", p.Result)
	}
	return p.Result, nil
}

// sign puts the signatures of all ballots under the bundles.
func (d *Desk) sign(ctx context.Context, p Publication, ballots []Ballot) error {
	docs, err := readDocuments(ctx, d.db, p.ID)
	if err != nil {
		return err
	}
	var signed [2][]byte
	for i, payload := range docs.payloads() {
		s := &envelope.Signed{Payload: payload}
		for _, b := range ballots {
			if i >= len(b.Signatures) {
				continue
			}
			for _, key := range d.Anchors.Approvers { // a signature does not say by whom
				s.Signatures = append(s.Signatures, envelope.Signature{Key: envelope.IDOf(key), COSE: b.Signatures[i]})
			}
		}
		if s, err = s.Only(envelope.Bundle, d.Anchors.Approvers); err != nil {
			return err
		}
		if len(s.Signatures) < max(d.Anchors.Quorum, 2) {
			return problem.New(problem.Conflict, "%d of two persons' signatures hold", len(s.Signatures))
		}
		signed[i] = s.Encode()
	}
	return d.approve(ctx, p.ID, signed[0], signed[1])
}

// advance takes a publication as far as it goes now. It is called with step held: of two
// that apply bundles at once one could see the other's.
func (d *Desk) advance(ctx context.Context, id string) (Publication, error) {
	for {
		p, err := readPublication(ctx, d.db, id)
		if err != nil {
			return p, unknown(err, "publication", id)
		}
		var moved bool
		switch p.State {
		case Applying:
			moved, err = d.putInForce(ctx, p)
		case Unconfirmed:
			moved, err = d.whenLate(ctx, p)
		case Returning:
			moved, err = d.putBack(ctx, p)
		default:
		}
		if err != nil || !moved {
			return p, err
		}
	}
}

func (d *Desk) putInForce(ctx context.Context, p Publication) (bool, error) {
	if err := d.stillFits(p); err != nil {
		return d.fail(ctx, p, "It was not put in force", err)
	}
	docs, err := readDocuments(ctx, d.db, p.ID)
	if err != nil {
		return false, err
	}
	if _, err := d.Apply(ctx, docs.signed); permanent(err) {
		return d.fail(ctx, p, "It was not put in force", err)
	} else if err != nil {
		return false, problem.Wrap(problem.Unavailable, err, "policy version %d could not be put in force yet", p.Version)
	}
	m := move{from: Applying, to: Confirmed, result: fmt.Sprintf("Policy version %d is in force. It is the first: there is nothing to go back to.", p.Version)}
	if p.ReturnVersion > 0 {
		m.to, m.deadline = Unconfirmed, d.Now().Add(time.Duration(p.ConfirmWithin)*time.Minute)
		m.result = fmt.Sprintf("Policy version %d is in force. Confirm it until %s, or version %d brings back what was: dukou policy confirm %s",
			p.Version, m.deadline.UTC().Format(time.RFC3339), p.ReturnVersion, p.ID)
	}
	d.note("apply", policy.VersionName(p.Version), "allow", "", m.result)
	return d.move(ctx, p.ID, m)
}

// fail ends a publication that does not get where it is on its way to, for good.
func (d *Desk) fail(ctx context.Context, p Publication, what string, err error) (bool, error) {
	why := problem.Of(err).Detail
	if why == "" {
		why = err.Error()
	}
	d.note("apply", policy.VersionName(p.Version), "refuse", problem.Of(err).Code, what+": "+why)
	d.Log.Error("a publication failed", "version", p.Version, "what", what, "error", err)
	return d.move(ctx, p.ID, move{from: p.State, to: Failed, result: clipped(what+": "+why, 1000), forget: true})
}

// permanent tells whether a bundle was refused for what it is.
func permanent(err error) bool {
	if err == nil {
		return false
	}
	code := fault.CodeOf(err)
	return slices.Contains([]fault.Code{fault.PolicyMalformed, fault.PolicyUnsigned, fault.PolicyOld, fault.PolicyExpired}, code)
}

// whenLate begins the return of what nobody has confirmed.
func (d *Desk) whenLate(ctx context.Context, p Publication) (bool, error) {
	if d.Now().Before(p.Deadline) && !d.overtaken(p) {
		return false, nil
	}
	return d.move(ctx, p.ID, move{from: Unconfirmed, to: Returning, by: "center", result: "Nobody confirmed it in time."})
}

// overtaken tells whether something else than the publication and its return is in force.
func (d *Desk) overtaken(p Publication) bool {
	now := d.InForce()
	return now == nil || digestOf(now) != p.Digest && digestOf(now) != p.ReturnDigest
}

func (d *Desk) putBack(ctx context.Context, p Publication) (bool, error) {
	if d.overtaken(p) {
		return d.supersede(ctx, p)
	}
	docs, err := readDocuments(ctx, d.db, p.ID)
	if err != nil {
		return false, err
	}
	if _, err := d.Apply(ctx, docs.signedBack); permanent(err) {
		return d.fail(ctx, p, "It could not be put back, and is in force", err)
	} else if err != nil {
		return false, problem.Wrap(problem.Unavailable, err, "policy version %d could not be put in force yet", p.ReturnVersion)
	}
	text := fmt.Sprintf("%s Policy version %d has brought back what version %d was.", p.Result, p.ReturnVersion, p.Base)
	d.note("roll-back", policy.VersionName(p.ReturnVersion), "allow", "", text)
	return d.move(ctx, p.ID, move{from: Returning, to: Returned, result: text})
}

func (d *Desk) supersede(ctx context.Context, p Publication) (bool, error) {
	text := "Another policy was put in force before it was confirmed."
	d.note("roll-back", policy.VersionName(p.Version), "refuse", "superseded", text)
	return d.move(ctx, p.ID, move{from: Returning, to: Superseded, result: text, forget: true})
}

// Confirm says that a policy in force does what it should. From then on it is not put
// back: the signatures of its return are forgotten with the same step.
func (d *Desk) Confirm(ctx context.Context, who account.Caller, id string) (Publication, error) {
	p, err := d.Publication(ctx, id)
	if err != nil {
		return p, err
	}
	if p.State == Unconfirmed && !d.Now().Before(p.Deadline) {
		return p, problem.New(problem.Conflict, "the time to confirm is over: it is put back")
	}
	return d.choose(ctx, p, move{
		from: Unconfirmed, to: Confirmed, by: who.Name, forget: true,
		result: fmt.Sprintf("Policy version %d is in force, and was confirmed.", p.Version),
	})
}

// RollBack puts a policy that is not confirmed back at once.
func (d *Desk) RollBack(ctx context.Context, who account.Caller, id string) (Publication, error) {
	p, err := d.Publication(ctx, id)
	if err != nil {
		return p, err
	}
	if _, err := d.choose(ctx, p, move{from: Unconfirmed, to: Returning, by: who.Name, result: "It was rolled back by " + who.Name + "."}); err != nil {
		return p, err
	}
	d.step.Lock()
	defer d.step.Unlock()
	return d.advance(ctx, id)
}

// choose makes what a person decided, if the publication still waits for it.
func (d *Desk) choose(ctx context.Context, p Publication, m move) (Publication, error) {
	moved, err := d.move(ctx, p.ID, m)
	if err != nil {
		return p, err
	}
	if !moved {
		return p, problem.New(problem.Conflict, "the publication is %s, not waiting to be confirmed", p.State)
	}
	return d.Publication(ctx, p.ID)
}

// Publications are looked at this often, and tidied that often.
const (
	lookEvery  = time.Second
	lapseEvery = time.Hour
)

// runPublications goes on with what a kill has interrupted, and puts back what nobody
// confirms.
func (d *Desk) runPublications(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var tidied time.Time
	for {
		if err := d.look(ctx); err != nil && ctx.Err() == nil {
			d.Log.Error("a publication does not go on", "error", err)
		}
		if now := time.Now(); now.Sub(tidied) > lapseEvery {
			tidied = now
			if err := d.lapse(ctx); err != nil && ctx.Err() == nil {
				d.Log.Error("old publications are not forgotten", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look advances all publications that are under way.
func (d *Desk) look(ctx context.Context) error {
	list, err := underWay(ctx, d.db)
	if err != nil {
		return err
	}
	d.step.Lock()
	defer d.step.Unlock()
	var errs []error
	for _, p := range list {
		if _, err := d.advance(ctx, p.ID); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// bundleOf reads a payload.
func bundleOf(payload []byte) (*policy.Bundle, error) {
	var b policy.Bundle
	if err := canon.Unmarshal(payload, &b); err != nil {
		return nil, err
	}
	return &b, nil
}
