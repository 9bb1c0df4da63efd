// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
)

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
	if err := strictly(payload, &want, "a publication"); err != nil {
		return Publication{}, err
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
		return d.fail(ctx, p, codeNotApplied, err)
	}
	docs, err := readDocuments(ctx, d.db, p.ID)
	if err != nil {
		return false, err
	}
	if _, err := d.Apply(ctx, docs.signed); permanent(err) {
		return d.fail(ctx, p, codeNotApplied, err)
	} else if err != nil {
		return false, problem.Wrap(problem.Unavailable, err, "policy version %d could not be put in force yet", p.Version)
	}
	m := move{from: Applying, to: Confirmed, outcome: &Outcome{Code: codeFirst}, result: fmt.Sprintf("Policy version %d is in force. It is the first: there is nothing to go back to.", p.Version)}
	if p.ReturnVersion > 0 {
		m.to, m.deadline, m.outcome = Unconfirmed, d.Now().Add(time.Duration(p.ConfirmWithin)*time.Minute), &Outcome{Code: codeUnconfirmed}
		m.result = fmt.Sprintf("Policy version %d is in force. Confirm it until %s, or version %d brings back what was: dukou policy confirm %s",
			p.Version, m.deadline.UTC().Format(time.RFC3339), p.ReturnVersion, p.ID)
	}
	d.note("apply", policy.VersionName(p.Version), "allow", "", m.result)
	return d.move(ctx, p.ID, m)
}

// fail ends a publication that does not get where it is on its way to, for good.
func (d *Desk) fail(ctx context.Context, p Publication, code string, err error) (bool, error) {
	what, why := failureOf(code), problem.Of(err).Detail
	if why == "" {
		why = err.Error()
	}
	d.note("apply", policy.VersionName(p.Version), "refuse", problem.Of(err).Code, what+": "+why)
	d.Log.Error("a publication failed", "version", p.Version, "what", what, "error", err)
	return d.move(ctx, p.ID, move{from: p.State, to: Failed, result: clipped(what+": "+why, 1000), outcome: failed(code, err, clipped(why, 1000)), forget: true})
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
	return d.move(ctx, p.ID, move{from: Unconfirmed, to: Returning, by: "center", result: "Nobody confirmed it in time.", outcome: &Outcome{Code: codeLate}})
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
		return d.fail(ctx, p, codeNotReturned, err)
	} else if err != nil {
		return false, problem.Wrap(problem.Unavailable, err, "policy version %d could not be put in force yet", p.ReturnVersion)
	}
	text := fmt.Sprintf("%s Policy version %d has brought back what version %d was.", p.Result, p.ReturnVersion, p.Base)
	d.note("roll-back", policy.VersionName(p.ReturnVersion), "allow", "", text)
	return d.move(ctx, p.ID, move{from: Returning, to: Returned, result: text, outcome: p.Outcome})
}

func (d *Desk) supersede(ctx context.Context, p Publication) (bool, error) {
	text := "Another policy was put in force before it was confirmed."
	d.note("roll-back", policy.VersionName(p.Version), "refuse", "superseded", text)
	return d.move(ctx, p.ID, move{from: Returning, to: Superseded, result: text, outcome: &Outcome{Code: codeSuperseded}, forget: true})
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
		from: Unconfirmed, to: Confirmed, by: who.Name, forget: true, outcome: &Outcome{Code: codeConfirmed},
		result: fmt.Sprintf("Policy version %d is in force, and was confirmed.", p.Version),
	})
}

// RollBack puts a policy that is not confirmed back at once.
func (d *Desk) RollBack(ctx context.Context, who account.Caller, id string) (Publication, error) {
	p, err := d.Publication(ctx, id)
	if err != nil {
		return p, err
	}
	back := move{from: Unconfirmed, to: Returning, by: who.Name, result: "It was rolled back by " + who.Name + ".", outcome: &Outcome{Code: codeRolledBack}}
	if _, err := d.choose(ctx, p, back); err != nil {
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

// Run goes on with publications that a kill has interrupted, and puts back those that
// nobody confirms, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
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
