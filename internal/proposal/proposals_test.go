// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package proposal_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/proposal"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

// TestTwoPersons: one proposes, another approves, and then it is done once, by what both
// saw; what each saw is in the records of both votes, before anything is done.
func TestTwoPersons(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		p := s.propose(plain, "li")
		s.round()
		if s.times() != 0 || s.state(p.ID) != proposal.Waiting {
			t.Fatal("done with one person")
		}
		var recorded []entry
		s.do = func(context.Context, proposal.Proposal) (string, error) {
			recorded = s.entries()
			return "it was done", nil
		}
		if err := s.approve(p, security("wang")); err != nil {
			t.Fatal(err)
		}
		s.round()
		s.round()
		got, err := s.Get(t.Context(), p.ID)
		if err != nil || got.State != proposal.Done || got.Result != "it was done" || s.times() != 1 || *got.Outcome != (proposal.Outcome{Code: "done"}) {
			t.Fatalf("%+v done %d times: %v", got, s.times(), err)
		}
		if len(got.Votes) != 2 || got.Votes[0].Account != "li" || got.Votes[1].Account != "wang" || got.Digest != proposal.DigestOf(got.Kind, got.Payload, got.Difference, got.Due) {
			t.Errorf("%+v", got)
		}
		if string(s.done[0].Payload) != string(p.Payload) || s.done[0].Digest != p.Digest {
			t.Errorf("done by %s", s.done[0].Payload)
		}
		var did []string
		for _, e := range recorded {
			did = append(did, e.Subject+" "+e.Action+" "+e.Verdict)
			if e.Subject != "center" && (e.Seen.Difference != p.Difference || e.Seen.Digest != p.Digest || e.Seen.Session == "") {
				t.Errorf("the record of %s tells of %+v", e.Subject, e.Seen)
			}
		}
		if want := []string{"admin/li propose-proposal begun", "admin/wang approve-proposal begun", "center do-proposal begun"}; !slices.Equal(did, want) {
			t.Errorf("recorded before it was done: %q", did)
		}
	})
}

// TestRun: Run does what is approved without being asked, and ends with its context.
func TestRun(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	p := s.propose(plain, "li")
	if err := s.approve(p, security("wang")); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(20 * time.Second)
	for s.state(p.ID) != proposal.Done {
		select {
		case <-s.told: // something changed
		case <-deadline:
			t.Fatalf("it is %s", s.state(p.ID))
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// TestWhoMayVote tries every path by which somebody might approve who must not.
func TestWhoMayVote(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		p := s.propose(plain, "li")
		s.lose(account.Security, "zhao")
		other := security("li")
		other.Session, other.Address = "another", "192.0.2.9"
		renamed := security("li")
		renamed.Name = "li-the-second"
		token := security("li")
		token.Token, token.Name = true, "li/nightly"
		another := security("wang")
		another.Token, another.Name = true, "wang/nightly"
		for name, c := range map[string]struct {
			who  account.Caller
			code problem.Code
		}{
			"the proposer":                   {security("li"), problem.OwnProposal},
			"the proposer's other session":   {other, problem.OwnProposal},
			"the proposer under a new name":  {renamed, problem.OwnProposal},
			"the proposer's token":           {token, problem.FactorWanted},
			"another's token":                {another, problem.FactorWanted},
			"the host":                       {account.Caller{Host: true}, problem.SignedOut},
			"a host that claims a duty":      {account.Caller{Host: true, Account: "wang", Duty: account.Security}, problem.SignedOut},
			"nobody":                         {account.Caller{}, problem.SignedOut},
			"nobody of the duty":             {account.Caller{Duty: account.Security}, problem.SignedOut},
			"an auditor":                     {by("sun", account.Audit), problem.DutyWrong},
			"another duty":                   {by("chen", account.System), problem.DutyWrong},
			"a session of before":            {security("zhao"), problem.DutyWrong},
			"an account that does not exist": {security("nobody"), problem.DutyWrong},
		} {
			if err := s.approve(p, c.who); problem.CodeOf(err) != c.code {
				t.Errorf("%s approves: %v, want %s", name, err, c.code)
			}
			if _, err := s.Refuse(t.Context(), c.who, p.ID, proposal.Ballot{Digest: p.Digest}); problem.CodeOf(err) != c.code {
				t.Errorf("%s refuses: %v, want %s", name, err, c.code)
			}
			if c.code != problem.OwnProposal {
				if _, err := s.Withdraw(t.Context(), c.who, p.ID, ""); err == nil {
					t.Errorf("%s withdraws", name)
				}
				if _, err := s.Propose(t.Context(), c.who, something(plain)); problem.CodeOf(err) != c.code {
					t.Errorf("%s proposes: %v, want %s", name, err, c.code)
				}
			}
		}
		if _, err := s.Withdraw(t.Context(), security("wang"), p.ID, ""); problem.CodeOf(err) != problem.DutyWrong {
			t.Errorf("another withdraws: %v", err)
		}
		s.round()
		if got := s.state(p.ID); got != proposal.Waiting || s.times() != 0 {
			t.Errorf("it is %s, and was done %d times", got, s.times())
		}
		if err := s.approve(p, security("wang")); err != nil {
			t.Error(err)
		}
	})
}

// TestOpenRefuses: no act is of the auditors, and none is named twice.
func TestOpenRefuses(t *testing.T) {
	do := func(context.Context, proposal.Proposal) (string, error) { return "", nil }
	for name, acts := range map[string][]proposal.Act{
		"of audit": {{Kind: "a", Duty: account.Audit, Do: do}}, "of nobody": {{Kind: "a", Do: do}}, "no kind": {{Duty: account.System, Do: do}},
		"nothing to do": {{Kind: "a", Duty: account.System}}, "twice": {{Kind: "a", Duty: account.System, Do: do}, {Kind: "a", Duty: account.Security, Do: do}},
	} {
		if _, err := proposal.Open(nil, proposal.Config{Acts: acts}); err == nil {
			t.Errorf("an act %s", name)
		}
	}
}

// TestStale: a vote names what its person saw, and nothing else passes.
func TestStale(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	earlier := s.propose(plain, "li")
	n := something(plain)
	n.Difference += "+ and more\n"
	p, err := s.Propose(t.Context(), security("li"), n)
	if err != nil {
		t.Fatal(err)
	}
	for _, digest := range []string{"", earlier.Digest, strings.ToUpper(p.Digest), p.Digest[:63], p.Digest + "0"} {
		if _, err := s.Approve(t.Context(), security("wang"), p.ID, proposal.Ballot{Digest: digest}); problem.CodeOf(err) != problem.Stale {
			t.Errorf("digest %q: %v", digest, err)
		}
		if _, err := s.Refuse(t.Context(), security("wang"), p.ID, proposal.Ballot{Digest: digest}); problem.CodeOf(err) != problem.Stale {
			t.Errorf("refused with digest %q: %v", digest, err)
		}
	}
	if _, err := s.Approve(t.Context(), security("wang"), strings.Repeat("0", 32), proposal.Ballot{Digest: p.Digest}); problem.CodeOf(err) != problem.Unknown {
		t.Error(err)
	}
}

// TestDigest: whatever of a proposal a person must have seen changes its digest.
func TestDigest(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	seen := map[string]string{}
	for name, d := range map[string]string{
		"it":               proposal.DigestOf("a", []byte(`{}`), "x", time.Time{}),
		"kind":             proposal.DigestOf("b", []byte(`{}`), "x", time.Time{}),
		"payload":          proposal.DigestOf("a", []byte(`[]`), "x", time.Time{}),
		"difference":       proposal.DigestOf("a", []byte(`{}`), "y", time.Time{}),
		"due":              proposal.DigestOf("a", []byte(`{}`), "x", at),
		"payload and text": proposal.DigestOf("a", []byte(`{}x`), "", time.Time{}),
	} {
		if other, ok := seen[d]; ok {
			t.Errorf("%s and %s have one digest", name, other)
		}
		seen[d] = name
	}
}

// TestAlone: who is the only one of a duty is told exactly what to do.
func TestAlone(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	p := s.propose(plain, "li")
	s.lose(account.Security, "wang")
	s.lose(account.Security, "zhao")
	_, err := s.Propose(t.Context(), security("li"), something(plain))
	for code, err := range map[problem.Code]error{problem.Conflict: err, problem.OwnProposal: s.approve(p, security("li"))} {
		if problem.CodeOf(err) != code || !strings.Contains(err.Error(), "dukou account create") || !strings.Contains(err.Error(), "dukou account grant NAME security") {
			t.Errorf("told: %v", err)
		}
	}
}

// TestRacingVotes: of votes that race one counts, and it is done at most once.
func TestRacingVotes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		for range 5 {
			before := s.times()
			p := s.propose(plain, "li")
			var all sync.WaitGroup
			var mu sync.Mutex
			won := map[string]int{}
			count := func(what string, err error) {
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won[what]++
				} else if problem.CodeOf(err) != problem.Conflict {
					t.Errorf("%s: %v", what, err)
				}
			}
			for _, id := range []string{"wang", "zhao"} {
				for range 3 {
					all.Go(func() { count("approve", s.approve(p, security(id))) })
				}
			}
			all.Go(func() {
				_, err := s.Withdraw(t.Context(), security("li"), p.ID, "")
				count("withdraw", err)
			})
			all.Go(func() {
				if err := s.Round(t.Context()); err != nil {
					t.Error(err)
				}
			})
			all.Wait()
			s.round()
			got, err := s.Get(t.Context(), p.ID)
			if err != nil {
				t.Fatal(err)
			}
			if won["approve"] > 1 || won["withdraw"] > 1 || len(got.Votes) != 1+won["approve"]+won["withdraw"] {
				t.Errorf("%v votes counted: %+v", won, got.Votes)
			}
			if done := s.times() - before; done > 1 || (done == 1) != (got.State == proposal.Done) || done > won["approve"] {
				t.Errorf("it is %s, done %d times after %v", got.State, done, won)
			}
		}
	})
}

// TestLostDuty: who has lost the duty since counts no more: neither the proposer when it
// is approved, nor either of both when it is done.
func TestLostDuty(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		byLi := s.propose(plain, "li")
		n := something(plain)
		n.Due = s.now.Add(time.Hour)
		later, err := s.Propose(t.Context(), security("wang"), n)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.approve(later, security("li")); err != nil {
			t.Fatal(err)
		}
		s.lose(account.Security, "li")
		if err := s.approve(byLi, security("wang")); problem.CodeOf(err) != problem.Conflict {
			t.Errorf("approved what nobody of the duty proposed: %v", err)
		}
		s.pass(2 * time.Hour)
		s.round()
		got, err := s.Get(t.Context(), later.ID)
		if err != nil || got.State != proposal.Failed || !strings.Contains(got.Result, "li") || s.times() != 0 || *got.Outcome != (proposal.Outcome{Code: "duty-lost", Name: "li"}) {
			t.Errorf("%s: %s, done %d times: %v", got.State, got.Result, s.times(), err)
		}
	})
}

// TestDue: what is scheduled is done at its time and can be taken back until then.
func TestDue(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		n := something(plain)
		n.Due = s.now.Add(30 * 24 * time.Hour) // beyond the week in which it must be approved
		var list []proposal.Proposal
		for range 3 {
			p, err := s.Propose(t.Context(), security("li"), n)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.approve(p, security("wang")); err != nil {
				t.Fatal(err)
			}
			list = append(list, p)
		}
		s.round()
		if _, err := s.Withdraw(t.Context(), security("li"), list[1].ID, "not yet"); err != nil {
			t.Error(err)
		}
		if _, err := s.Refuse(t.Context(), security("zhao"), list[2].ID, proposal.Ballot{Digest: list[2].Digest, Reason: "wait"}); err != nil {
			t.Error(err)
		}
		s.pass(30*24*time.Hour - time.Millisecond)
		s.round()
		if s.times() != 0 {
			t.Error("done before its time")
		}
		s.pass(time.Millisecond)
		s.round()
		if states := []proposal.State{s.state(list[0].ID), s.state(list[1].ID), s.state(list[2].ID)}; !slices.Equal(states, []proposal.State{proposal.Done, proposal.Withdrawn, proposal.Refused}) || s.times() != 1 {
			t.Errorf("%v, done %d times", states, s.times())
		}
		if _, err := s.Withdraw(t.Context(), security("li"), list[0].ID, ""); problem.CodeOf(err) != problem.Conflict {
			t.Errorf("withdrawn after it was done: %v", err)
		}
	})
}

func TestExpires(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		p, late := s.propose(plain, "li"), s.propose(plain, "li")
		s.pass(proposal.OpenFor)
		if err := s.approve(late, security("wang")); problem.CodeOf(err) != problem.Conflict {
			t.Errorf("approved although it has expired: %v", err)
		}
		s.round()
		if err := s.approve(p, security("wang")); problem.CodeOf(err) != problem.Conflict || s.state(p.ID) != proposal.Expired {
			t.Errorf("it is %s: %v", s.state(p.ID), err)
		}
		if got, err := s.Get(t.Context(), p.ID); err != nil || *got.Outcome != (proposal.Outcome{Code: "expired"}) {
			t.Errorf("%+v: %v", got.Outcome, err)
		}
		if e := s.entries(); e[len(e)-1].Action != "expire-proposal" || e[len(e)-1].Subject != "center" {
			t.Errorf("recorded: %+v", e[len(e)-1])
		}
	})
}

// TestLives: a center that ends between any two steps of doing goes on in its next life,
// and does not begin again what has ended.
func TestLives(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		p := s.propose(plain, "li")
		s.reopen()
		if err := s.approve(p, security("wang")); err != nil {
			t.Fatal(err)
		}
		s.reopen()
		ctx, end := context.WithCancel(t.Context())
		s.do = func(ctx context.Context, _ proposal.Proposal) (string, error) { // the life ends in the middle of it
			end()
			return "", ctx.Err()
		}
		if err := s.Round(ctx); err == nil || s.state(p.ID) != proposal.Doing {
			t.Fatalf("it is %s: %v", s.state(p.ID), err)
		}
		s.reopen()
		ctx, end = context.WithCancel(t.Context())
		s.do = func(context.Context, proposal.Proposal) (string, error) { // and then right after it
			end()
			return "it was done", nil
		}
		if err := s.Round(ctx); err == nil || s.state(p.ID) != proposal.Doing {
			t.Fatalf("it is %s: %v", s.state(p.ID), err)
		}
		if _, err := s.Withdraw(t.Context(), security("li"), p.ID, ""); problem.CodeOf(err) != problem.Conflict {
			t.Errorf("withdrawn while it is done: %v", err)
		}
		s.lose(account.Security, "wang") // what was begun is ended
		s.checks = func(proposal.Proposal) error { return problem.New(problem.Conflict, "it is half done") }
		s.reopen()
		s.do = nil
		s.round()
		s.reopen()
		s.round()
		if s.state(p.ID) != proposal.Done || s.times() != 3 {
			t.Errorf("it is %s, tried %d times", s.state(p.ID), s.times())
		}
	})
}

// TestForgotten: an act that a later version does not know any more fails, and holds up
// no other.
func TestForgotten(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	gone, stays := s.propose(signedFree(s), "li"), s.propose(plain, "li")
	for _, p := range []proposal.Proposal{gone, stays} {
		if err := s.approve(p, security("wang")); err != nil {
			t.Fatal(err)
		}
	}
	s.config.Acts = s.config.Acts[:1]
	s.reopen()
	s.round()
	if s.state(gone.ID) != proposal.Failed || s.state(stays.ID) != proposal.Done {
		t.Errorf("%s, %s", s.state(gone.ID), s.state(stays.ID))
	}
	if got, err := s.Get(t.Context(), gone.ID); err != nil || *got.Outcome != (proposal.Outcome{Code: "act-unknown"}) {
		t.Errorf("%+v: %v", got.Outcome, err)
	}
}

// signedFree is the kind whose votes are verified, on a stage that takes all.
func signedFree(s *stage) string {
	s.votes = func(proposal.Vote) error { return nil }
	return signed
}

// TestAway: while something that an act needs is away it is tried again, for an hour.
func TestAway(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		s.do = func(context.Context, proposal.Proposal) (string, error) {
			return "", problem.New(problem.Unavailable, "the signer does not answer")
		}
		back, never := s.propose(plain, "li"), s.propose(plain, "li")
		if err := s.approve(back, security("wang")); err != nil {
			t.Fatal(err)
		}
		s.round()
		s.round() // at once: too early to try again
		if s.times() != 1 || s.state(back.ID) != proposal.Doing {
			t.Errorf("tried %d times, it is %s", s.times(), s.state(back.ID))
		}
		s.pass(15 * time.Second)
		away := s.do
		s.do = nil
		s.round()
		if s.times() != 2 || s.state(back.ID) != proposal.Done {
			t.Errorf("tried %d times, it is %s", s.times(), s.state(back.ID))
		}
		s.do = away
		if err := s.approve(never, security("wang")); err != nil {
			t.Fatal(err)
		}
		for range 5 {
			s.round()
			s.pass(16 * time.Minute)
		}
		got, err := s.Get(t.Context(), never.ID)
		if err != nil || got.State != proposal.Failed || got.Result != "the signer does not answer" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// TestFailed: an act that fails says why to administrators, and keeps the rest to itself.
func TestFailed(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	for want, cause := range map[string]error{
		"the version is taken":                     problem.Wrap(problem.Conflict, errors.New("secret"), "the version is taken"),
		"it failed; the center's own log says why": errors.New("secret"),
	} {
		p := s.propose(plain, "li")
		s.do = func(context.Context, proposal.Proposal) (string, error) { return "", cause }
		if err := s.approve(p, security("wang")); err != nil {
			t.Fatal(err)
		}
		s.round()
		if got, err := s.Get(t.Context(), p.ID); err != nil || got.State != proposal.Failed || got.Result != want ||
			*got.Outcome != (proposal.Outcome{Code: "failed", Problem: string(problem.CodeOf(cause)), Detail: want}) {
			t.Errorf("%s: %q, %+v, %v", got.State, got.Result, got.Outcome, err)
		}
	}
}

// TestCheck: an act may refuse when it is proposed, approved, and done.
func TestCheck(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	no := problem.New(problem.Conflict, "another is in force meanwhile")
	p, q := s.propose(plain, "li"), s.propose(plain, "li")
	if err := s.approve(q, security("wang")); err != nil {
		t.Fatal(err)
	}
	s.checks = func(proposal.Proposal) error { return no }
	if _, err := s.Propose(t.Context(), security("li"), something(plain)); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("proposed: %v", err)
	}
	if err := s.approve(p, security("wang")); problem.CodeOf(err) != problem.Conflict {
		t.Errorf("approved: %v", err)
	}
	s.round()
	if s.state(p.ID) != proposal.Waiting || s.state(q.ID) != proposal.Failed || s.times() != 0 {
		t.Errorf("%s, %s, done %d times", s.state(p.ID), s.state(q.ID), s.times())
	}
}

// TestCompared: both give what they have read elsewhere.
func TestCompared(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	n := something(compared)
	n.Payload = json.RawMessage(`{"fingerprint": "abc"}`)
	for _, wrong := range []string{"", "abd"} {
		n.Compared = wrong
		if _, err := s.Propose(t.Context(), security("li"), n); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("proposed with %q: %v", wrong, err)
		}
	}
	n.Compared = "abc"
	p, err := s.Propose(t.Context(), security("li"), n)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []string{"", "abd"} {
		if _, err := s.Approve(t.Context(), security("wang"), p.ID, proposal.Ballot{Digest: p.Digest, Compared: wrong}); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("approved with %q: %v", wrong, err)
		}
	}
	if got, err := s.Approve(t.Context(), security("wang"), p.ID, proposal.Ballot{Digest: p.Digest, Compared: "abc"}); err != nil || got.State != proposal.Approved {
		t.Error(got.State, err)
	}
	n.Payload = json.RawMessage(`{}`) // nothing to compare with is not equal to nothing
	n.Compared = ""
	if _, err := s.Propose(t.Context(), security("li"), n); problem.CodeOf(err) != problem.Invalid {
		t.Error(err)
	}
}

// TestSignatures: an act verifies what comes with a yes, and who takes none gets none.
func TestSignatures(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	var seen []string
	s.votes = func(v proposal.Vote) error {
		seen = append(seen, v.Account)
		if len(v.Signatures) != 1 || string(v.Signatures[0]) != "by "+v.Account {
			return problem.New(problem.Invalid, "not signed by %s", v.Account)
		}
		return nil
	}
	n := something(signed)
	if _, err := s.Propose(t.Context(), security("li"), n); problem.CodeOf(err) != problem.Invalid {
		t.Errorf("proposed without a signature: %v", err)
	}
	n.Signatures = [][]byte{[]byte("by li")}
	p, err := s.Propose(t.Context(), security("li"), n)
	if err != nil {
		t.Fatal(err)
	}
	b := proposal.Ballot{Digest: p.Digest, Signatures: n.Signatures}
	if _, err := s.Approve(t.Context(), security("wang"), p.ID, b); problem.CodeOf(err) != problem.Invalid {
		t.Errorf("approved with another's signature: %v", err)
	}
	b.Signatures = [][]byte{[]byte("by wang")}
	got, err := s.Approve(t.Context(), security("wang"), p.ID, b)
	if err != nil || string(got.Votes[0].Signatures[0])+string(got.Votes[1].Signatures[0]) != "by liby wang" || !slices.Equal(seen, []string{"li", "li", "wang", "wang"}) {
		t.Errorf("%+v, %v, %q", got.Votes, err, seen)
	}
	n.Kind = plain
	if _, err := s.Propose(t.Context(), security("li"), n); problem.CodeOf(err) != problem.Invalid {
		t.Errorf("signatures for an act that takes none: %v", err)
	}
}

// TestLimits: what is too large or no text is not kept.
func TestLimits(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	for name, change := range map[string]func(*proposal.New){
		"no kind":              func(n *proposal.New) { n.Kind = "" },
		"another kind":         func(n *proposal.New) { n.Kind = "no-such-act" },
		"no title":             func(n *proposal.New) { n.Title = "" },
		"a title of two lines": func(n *proposal.New) { n.Title = "a\nb" },
		"a long title":         func(n *proposal.New) { n.Title = strings.Repeat("a", proposal.MaxTitle+1) },
		"a long reason":        func(n *proposal.New) { n.Reason = strings.Repeat("a", proposal.MaxReason+1) },
		"a long difference":    func(n *proposal.New) { n.Difference = strings.Repeat("a", proposal.MaxDifference+1) },
		"no text":              func(n *proposal.New) { n.Difference = "\xff" },
		"a NUL":                func(n *proposal.New) { n.Difference = "\x00" },
		"no payload":           func(n *proposal.New) { n.Payload = json.RawMessage("{") },
		"a large payload": func(n *proposal.New) {
			n.Payload = json.RawMessage(`"` + strings.Repeat("a", proposal.MaxPayload) + `"`)
		},
		"too far away":            func(n *proposal.New) { n.Due = s.now.Add(proposal.MaxDue + time.Hour) },
		"long ago":                func(n *proposal.New) { n.Due = time.Unix(-5, 0) },
		"many signatures":         func(n *proposal.New) { n.Signatures = slices.Repeat([][]byte{{1}}, proposal.MaxSignatures+1) },
		"a large signature":       func(n *proposal.New) { n.Signatures = [][]byte{make([]byte, proposal.MaxSignature+1)} },
		"an empty signature":      func(n *proposal.New) { n.Signatures = [][]byte{{}} },
		"a large thing read else": func(n *proposal.New) { n.Compared = strings.Repeat("a", proposal.MaxTitle+1) },
	} {
		n := something(plain)
		change(&n)
		if _, err := s.Propose(t.Context(), security("li"), n); problem.CodeOf(err) != problem.Invalid && problem.CodeOf(err) != problem.TooLarge {
			t.Errorf("%s: %v", name, err)
		}
	}
	n := something(plain)
	n.Difference, n.Payload = strings.Repeat("差", proposal.MaxDifference/3), json.RawMessage(`"`+strings.Repeat("a", proposal.MaxPayload-2)+`"`)
	p, err := s.Propose(t.Context(), security("li"), n)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get(t.Context(), p.ID); err != nil || got.Difference != n.Difference || string(got.Payload) != string(n.Payload) {
		t.Errorf("what is as large as may be is kept: %v", err)
	}
	if list, _, err := s.List(t.Context(), proposal.Filter{}, "", 0); err != nil || len(list) != 1 || list[0].Title != n.Title {
		t.Errorf("%d kept: %v", len(list), err)
	}
}

// TestUnrecorded: without its record nothing is proposed, approved or done.
func TestUnrecorded(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	p, q := s.propose(plain, "li"), s.propose(plain, "li")
	if err := s.approve(q, security("wang")); err != nil {
		t.Fatal(err)
	}
	s.closed = true
	if err := s.journal.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Propose(t.Context(), security("li"), something(plain)); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("proposed: %v", err)
	}
	if err := s.approve(p, security("wang")); problem.CodeOf(err) != problem.Unavailable {
		t.Errorf("approved: %v", err)
	}
	if err := s.Round(t.Context()); err == nil || s.times() != 0 || s.state(p.ID) != proposal.Waiting || s.state(q.ID) != proposal.Approved {
		t.Errorf("%s, %s, done %d times: %v", s.state(p.ID), s.state(q.ID), s.times(), err)
	}
}

// TestList: going through a list meets each proposal once, the latest first.
func TestList(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		const many = 17
		for n := range many {
			s.propose([]string{plain, keeping}[n%2], []string{"li", "chen"}[n%2])
			if n%3 == 0 { // several have one time
				s.pass(time.Millisecond)
			}
		}
		seen := map[string]bool{}
		var last proposal.Proposal
		after := ""
		for pages := 0; ; pages++ {
			list, next, err := s.List(t.Context(), proposal.Filter{}, after, 5)
			if err != nil || pages > many {
				t.Fatal(err)
			}
			for _, p := range list {
				if *p.About != (proposal.About{Code: p.Kind, Name: "a thing"}) {
					t.Errorf("about %+v", p.About)
				}
				if seen[p.ID] || last.ID != "" && p.Created.After(last.Created) || p.Payload != nil || p.Difference != "" || len(p.Votes) != 1 {
					t.Errorf("%+v", p)
				}
				seen[p.ID], last = true, p
			}
			if after = next; next == "" {
				break
			}
		}
		if len(seen) != many {
			t.Errorf("%d of %d", len(seen), many)
		}
		one := last
		if err := s.approve(one, security("wang")); err != nil {
			t.Fatal(err)
		}
		s.round()
		for want, f := range map[int]proposal.Filter{
			9: {Kind: plain}, 8: {Duty: account.System}, 1: {State: proposal.Done}, many - 1: {UnderWay: true}, 0: {State: proposal.Done, Duty: account.System},
		} {
			if list, next, err := s.List(t.Context(), f, "", 100); err != nil || len(list) != want || next != "" {
				t.Errorf("%+v: %d, %q, %v", f, len(list), next, err)
			}
		}
		if _, _, err := s.List(t.Context(), proposal.Filter{}, "x", 5); problem.CodeOf(err) != problem.Invalid {
			t.Error(err)
		}
	})
}
