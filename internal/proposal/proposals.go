// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package proposal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// Config is what proposals need of the rest.
type Config struct {
	Acts []Act

	// Holders gives the ids of the active accounts that hold a duty.
	Holders func(ctx context.Context, d account.Duty) ([]string, error)

	Record func(audit.Entry) audit.Ticket
	Tell   func(topic, id string) // that something changed
	Log    *slog.Logger
	Now    func() time.Time
}

// Proposals are all proposals of an installation.
type Proposals struct {
	Config
	db   *store.DB
	acts map[string]Act
	wake chan struct{} // holds a token when Run has something to do
}

// Open opens the proposals in a database.
func Open(db *store.DB, c Config) (*Proposals, error) {
	s := &Proposals{Config: c, db: db, acts: map[string]Act{}, wake: make(chan struct{}, 1)}
	for _, a := range c.Acts {
		switch _, twice := s.acts[a.Kind]; {
		case a.Kind == "" || twice || a.Do == nil:
			return nil, fmt.Errorf("act %q: a kind of its own and Do are wanted", a.Kind)
		case a.Duty != account.System && a.Duty != account.Security:
			return nil, fmt.Errorf("act %q is of duty %q: audit changes nothing", a.Kind, a.Duty)
		}
		s.acts[a.Kind] = a
	}
	return s, nil
}

// topic is what listeners hear of.
const topic = "proposals"

// Propose begins an act: the proposer's yes is its first vote.
func (s *Proposals) Propose(ctx context.Context, who account.Caller, n New) (Proposal, error) {
	act, ok := s.acts[n.Kind]
	if !ok {
		return Proposal{}, problem.New(problem.Invalid, "there is no act %q", n.Kind)
	}
	if err := s.mayAct(ctx, who, act.Duty); err != nil {
		return Proposal{}, err
	}
	p, err := s.draft(who, act, n)
	if err != nil {
		return Proposal{}, err
	}
	if err := s.anotherHolds(ctx, p); err != nil {
		return Proposal{}, err
	}
	if err := s.check(ctx, act, p, p.Votes[0]); err != nil {
		return Proposal{}, err
	}
	if err := s.record(entryOf(who, "propose", "begun", p, seen(who, p, n.Reason))); err != nil {
		return Proposal{}, err
	}
	if err := s.insert(ctx, p); err != nil {
		return Proposal{}, fmt.Errorf("keep a proposal: %w", err)
	}
	s.Tell(topic, p.ID)
	s.hurry()
	return p, nil
}

// draft makes a proposal of what was sent, within its limits.
func (s *Proposals) draft(who account.Caller, act Act, n New) (Proposal, error) {
	now := s.Now().Truncate(time.Millisecond)
	payload, err := canonical(n.Payload)
	if err != nil {
		return Proposal{}, err
	}
	if err := n.limits(now); err != nil {
		return Proposal{}, err
	}
	due := n.Due.Truncate(time.Millisecond)
	n.About.Code = act.Kind
	p := Proposal{
		ID: store.NewID(), Kind: act.Kind, Title: n.Title, About: &n.About, Payload: payload, Difference: n.Difference,
		Digest: DigestOf(act.Kind, payload, n.Difference, due), Proposer: who.Account, ProposerName: who.Name, Duty: act.Duty,
		Reason: n.Reason, Created: now, Expires: now.Add(OpenFor), Due: due, State: Waiting, Changed: now, Revision: 1,
	}
	p.Votes = []Vote{{Account: who.Account, Name: who.Name, Yes: true, Digest: p.Digest, Reason: n.Reason, Compared: n.Compared, Signatures: n.Signatures, At: now}}
	return p, nil
}

// canonical is the one form in which a payload is kept and given, so that whoever gets
// it can compute the digest.
func canonical(payload json.RawMessage) (json.RawMessage, error) {
	if len(payload) > MaxPayload {
		return nil, problem.New(problem.TooLarge, "a payload of %d bytes, at most %d", len(payload), MaxPayload)
	}
	b, err := json.Marshal(payload)
	if err != nil {
		return nil, problem.New(problem.Invalid, "the payload is not JSON")
	}
	return b, nil
}

func (n New) limits(now time.Time) error {
	var fields []problem.Field
	wrong := func(name string, why problem.Why) {
		if why.Code != "" {
			fields = append(fields, why.At(name))
		}
	}
	for _, t := range []struct {
		name, text string
		most       int
	}{
		{"title", n.Title, MaxTitle}, {"reason", n.Reason, MaxReason}, {"difference", n.Difference, MaxDifference}, {"compared", n.Compared, MaxTitle},
	} {
		wrong(t.name, badText(t.text, t.most))
	}
	if n.Title == "" || strings.ContainsAny(n.Title, "\r\n") {
		wrong("title", problem.Because(problem.OneLine, "one line is wanted"))
	}
	if !n.Due.IsZero() && (n.Due.After(now.Add(MaxDue)) || n.Due.UnixMilli() <= 0) {
		wrong("due", problem.Ahead(int(MaxDue/(24*time.Hour))))
	}
	wrong("signatures", badSignatures(n.Signatures))
	if len(fields) > 0 {
		return &problem.Error{Code: problem.Invalid, Detail: "this cannot be proposed", Fields: fields}
	}
	return nil
}

func badField(name string, why problem.Why) error {
	return &problem.Error{Code: problem.Invalid, Detail: name + ": " + why.Detail, Fields: []problem.Field{why.At(name)}}
}

// badText says why a text cannot be kept, nothing when it can.
func badText(s string, most int) problem.Why {
	switch {
	case len(s) > most:
		return problem.AtMost(problem.Bytes, most)
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		return problem.Because(problem.NotText, "it is not text")
	default:
		return problem.Why{}
	}
}

func badSignatures(list [][]byte) problem.Why {
	if len(list) > MaxSignatures {
		return problem.AtMost(problem.Count, MaxSignatures)
	}
	for _, s := range list {
		if len(s) == 0 || len(s) > MaxSignature {
			return problem.Between(problem.Bytes, 1, MaxSignature)
		}
	}
	return problem.Why{}
}

// check asks the act whether it takes a proposal with a vote.
func (s *Proposals) check(ctx context.Context, act Act, p Proposal, v Vote) error {
	if act.Compare != nil {
		if want := act.Compare(p); want == "" || v.Compared != want {
			return &problem.Error{Code: problem.Invalid, Detail: "what you have read elsewhere is not what was proposed: do not go on before you know why",
				Fields: []problem.Field{problem.Because(problem.Differs, "not that of the proposal").At("compared")}}
		}
	}
	if act.Check != nil {
		if err := act.Check(ctx, p); err != nil {
			return err
		}
	}
	if act.Vote != nil {
		return act.Vote(ctx, p, v)
	}
	if len(v.Signatures) > 0 {
		return problem.New(problem.Invalid, "%s takes no signatures", act.Kind)
	}
	return nil
}

// Get is one proposal.
func (s *Proposals) Get(ctx context.Context, id string) (Proposal, error) {
	p, err := s.read(ctx, s.db, id)
	if errors.Is(err, errNone) {
		return p, problem.New(problem.Unknown, "there is no proposal %q", id)
	}
	return p, err
}

// hurry makes Run look at once.
func (s *Proposals) hurry() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
