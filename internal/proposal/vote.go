// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package proposal

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"slices"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/problem"
)

// Approve is a second person's yes to what that person has seen. What is approved is
// done by Run, at once or at its time.
func (s *Proposals) Approve(ctx context.Context, who account.Caller, id string, b Ballot) (Proposal, error) {
	p, act, err := s.voted(ctx, who, id, b)
	if err != nil {
		return Proposal{}, err
	}
	v := Vote{Account: who.Account, Name: who.Name, Yes: true, Digest: b.Digest, Reason: b.Reason, Compared: b.Compared, Signatures: b.Signatures}
	if who.Account == p.Proposer {
		return Proposal{}, s.ownProposal(ctx, p)
	}
	if p.State != Waiting {
		return Proposal{}, notOpen(p)
	}
	if err := s.proposerHolds(ctx, p); err != nil {
		return Proposal{}, err
	}
	if err := s.check(ctx, act, p, v); err != nil {
		return Proposal{}, err
	}
	p, err = s.vote(ctx, who, p, v, "approve", Approved, Waiting)
	if err == nil {
		s.hurry()
	}
	return p, err
}

// Refuse is a second person's no. It also takes back what is approved and not begun.
func (s *Proposals) Refuse(ctx context.Context, who account.Caller, id string, b Ballot) (Proposal, error) {
	p, _, err := s.voted(ctx, who, id, b)
	if err != nil {
		return Proposal{}, err
	}
	if who.Account == p.Proposer {
		return Proposal{}, problem.New(problem.OwnProposal, "it is your own proposal: withdraw it")
	}
	v := Vote{Account: who.Account, Name: who.Name, Digest: b.Digest, Reason: b.Reason}
	return s.vote(ctx, who, p, v, "refuse", Refused, Waiting, Approved)
}

// Withdraw takes a proposal back: who proposed it may, until it is begun.
func (s *Proposals) Withdraw(ctx context.Context, who account.Caller, id, reason string) (Proposal, error) {
	p, err := s.Get(ctx, id)
	if err != nil {
		return Proposal{}, err
	}
	if err := s.mayAct(ctx, who, p.Duty); err != nil {
		return Proposal{}, err
	}
	if who.Account != p.Proposer {
		return Proposal{}, problem.New(problem.DutyWrong, "%s proposed it: refuse it instead", p.ProposerName)
	}
	if why := badText(reason, MaxReason); why.Code != "" {
		return Proposal{}, badField("reason", why)
	}
	v := Vote{Account: who.Account, Name: who.Name, Digest: p.Digest, Reason: reason}
	return s.vote(ctx, who, p, v, "withdraw", Withdrawn, Waiting, Approved)
}

// voted holds a ballot to its form: a person of the duty names what this person saw.
func (s *Proposals) voted(ctx context.Context, who account.Caller, id string, b Ballot) (Proposal, Act, error) {
	p, err := s.Get(ctx, id)
	if err != nil {
		return p, Act{}, err
	}
	act, ok := s.acts[p.Kind]
	if !ok {
		return p, act, problem.New(problem.Conflict, "this version of the center does not know the act %q", p.Kind)
	}
	if err := s.mayAct(ctx, who, p.Duty); err != nil {
		return p, act, err
	}
	if subtle.ConstantTimeCompare([]byte(b.Digest), []byte(p.Digest)) != 1 {
		return p, act, problem.New(problem.Stale, "you have seen something else than what is proposed: read it again")
	}
	if why := badText(b.Reason, MaxReason); why.Code != "" {
		return p, act, badField("reason", why)
	}
	if why := badText(b.Compared, MaxTitle); why.Code != "" {
		return p, act, badField("compared", why)
	}
	if why := badSignatures(b.Signatures); why.Code != "" {
		return p, act, badField("signatures", why)
	}
	return p, act, nil
}

// vote records a vote with what its person saw, and then counts it, if the proposal is
// still in one of the states that it may come from.
func (s *Proposals) vote(ctx context.Context, who account.Caller, p Proposal, v Vote, action string, to State, from ...State) (Proposal, error) {
	if !slices.Contains(from, p.State) {
		return Proposal{}, notOpen(p)
	}
	if err := s.record(entryOf(who, action, "begun", p, seen(who, p, v.Reason))); err != nil {
		return Proposal{}, err
	}
	v.At = s.Now()
	var after Proposal
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		now, err := s.read(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		if !slices.Contains(from, now.State) {
			return notOpen(now)
		}
		if to == Approved && !now.Expires.After(v.At) {
			return problem.New(problem.Conflict, "it has expired: propose it again")
		}
		now.Votes = append(now.Votes, v)
		now.State, now.Changed = to, v.At
		after = now
		after.Revision++
		return s.update(ctx, tx, now)
	})
	if err != nil {
		return Proposal{}, err
	}
	s.Tell(topic, p.ID)
	return after, nil
}

// mayAct lets only persons of the duty propose and vote: no host, no token, no auditor,
// nobody whose session still says what the account has lost.
func (s *Proposals) mayAct(ctx context.Context, who account.Caller, d account.Duty) error {
	switch {
	case who.Host || who.Account == "":
		return problem.New(problem.SignedOut, "this is for a person: sign in")
	case who.Token:
		return problem.New(problem.FactorWanted, "two persons are wanted, and a token is none: sign in")
	case who.Duty != d || d == account.Audit:
		return problem.New(problem.DutyWrong, "this is for %s", d)
	}
	holders, err := s.Holders(ctx, d)
	if err != nil {
		return err
	}
	if !slices.Contains(holders, who.Account) {
		return problem.New(problem.DutyWrong, "you do not hold the duty %s any more", d)
	}
	return nil
}

// proposerHolds tells whether who proposed may still do so.
func (s *Proposals) proposerHolds(ctx context.Context, p Proposal) error {
	holders, err := s.Holders(ctx, p.Duty)
	if err != nil {
		return err
	}
	if !slices.Contains(holders, p.Proposer) {
		return problem.New(problem.Conflict, "%s proposed it and does not hold the duty %s any more: propose it anew", p.ProposerName, p.Duty)
	}
	return nil
}

// anotherHolds tells who is alone what to do, before anything is proposed that nobody
// could approve.
func (s *Proposals) anotherHolds(ctx context.Context, p Proposal) error {
	alone, err := s.alone(ctx, p)
	if err != nil || !alone {
		return err
	}
	return problem.New(problem.Conflict, "%s", secondWanted(p.Duty))
}

func (s *Proposals) ownProposal(ctx context.Context, p Proposal) error {
	alone, err := s.alone(ctx, p)
	if err != nil {
		return err
	}
	if alone {
		return problem.New(problem.OwnProposal, "%s", secondWanted(p.Duty))
	}
	return problem.New(problem.OwnProposal, "you proposed it: another administrator of %s must approve", p.Duty)
}

func (s *Proposals) alone(ctx context.Context, p Proposal) (bool, error) {
	holders, err := s.Holders(ctx, p.Duty)
	return !slices.ContainsFunc(holders, func(id string) bool { return id != p.Proposer }), err
}

func secondWanted(d account.Duty) string {
	return "a second " + string(d) + " administrator must approve, and there is none: have system create an account (dukou account create NAME) and security grant it the duty (dukou account grant NAME " + string(d) + ")"
}

// notOpen says why nothing can be voted on any more.
func notOpen(p Proposal) error {
	by := ""
	if last := len(p.Votes) - 1; last > 0 {
		by = " by " + p.Votes[last].Name
	}
	switch p.State {
	case Approved, Refused, Withdrawn:
		return problem.New(problem.Conflict, "it is %s%s already", p.State, by)
	case Doing:
		return problem.New(problem.Conflict, "it is being done")
	default:
		return problem.New(problem.Conflict, "it is %s: propose it again if it is still wanted", p.State)
	}
}

var errNone = errors.New("no such proposal")
