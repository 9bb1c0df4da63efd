// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

func TestFirstLinks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		links, err := s.FirstLinks(ctx)
		s.must("first links", err)
		if len(links) != 3 || links[0].Duty != System || links[1].Duty != Security || links[2].Duty != Audit {
			t.Fatalf("%d links, want one for each duty: %v", len(links), links)
		}
		if again, err := s.FirstLinks(ctx); err != nil || len(again) != 0 {
			t.Errorf("the second time: %d links, %v", len(again), err)
		}
		if had, err := s.Initialised(ctx); err != nil || len(had) != 0 {
			t.Errorf("nobody has redeemed a link, yet: %v, %v", had, err)
		}

		anew, err := s.FirstLink(ctx, System)
		s.must("print again", err)
		_, err = s.LookAtLink(ctx, links[0].Token)
		s.wants("the link before", err, problem.Unknown)
		state, err := s.LookAtLink(ctx, anew.Token)
		s.must("look", err)
		if !state.WantsName || state.WantsCode || state.Duty != System || state.Token != "" {
			t.Errorf("a first link's state: %+v", state)
		}

		_, err = s.Redeem(ctx, Redeem{Token: anew.Token, Name: "sys", Person: "Sys", Password: "short1A"})
		s.wants("a short password", err, problem.Invalid)
		_, err = s.Redeem(ctx, Redeem{Token: anew.Token, Name: "Sys!", Person: "Sys", Password: password})
		s.wants("a bad name", err, problem.Invalid)
		_, err = s.ConfirmLink(ctx, anew.Token, "123456")
		s.wants("a code before the password", err, problem.Conflict)
		a := s.redeem(anew, "", "sys")
		if a.State != Active || a.Duty != System || a.PasswordUntil.Before(s.clock().AddDate(0, 0, 89)) {
			t.Errorf("the account: %+v", a)
		}
		_, err = s.Redeem(ctx, Redeem{Token: anew.Token, Name: "sys2", Person: "Sys", Password: password})
		s.wants("a used link", err, problem.Unknown)
		_, err = s.FirstLink(ctx, System)
		s.wants("a redeemed duty", err, problem.Conflict)
		if !strings.Contains(err.Error(), "account recover system") {
			t.Errorf("it does not say what to do: %v", err)
		}

		s.later(25 * time.Hour)
		_, err = s.LookAtLink(ctx, links[1].Token)
		s.wants("after a day", err, problem.Unknown)
		sec, err := s.FirstLink(ctx, Security)
		s.must("print an expired one again", err)
		s.redeem(sec, "", "sec")
		if had, err := s.Initialised(ctx); err != nil || !had[System] || !had[Security] || had[Audit] {
			t.Errorf("two of three: %v, %v", had, err)
		}
	})
}

func TestTwoMakeAnAccount(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		sys, sec, _ := s.founded()

		_, _, err := s.Create(ctx, sys, "mine", "person SYS")
		s.wants("an account for oneself", err, problem.OwnProposal)
		_, _, err = s.Create(ctx, sys, "sec", "Someone")
		s.wants("a name that exists", err, problem.Conflict)
		li, code, err := s.Create(ctx, sys, "li", "Li")
		s.must("create", err)
		if li.Duty != "" || li.State != Invited {
			t.Errorf("a new account has rights: %+v", li)
		}
		_, err = s.SignIn(ctx, SignIn{Name: "li", Password: password})
		s.wants("an account that nobody has taken over", err, problem.Credentials)
		_, err = s.Grant(ctx, sec, "sec", System)
		s.wants("a duty for oneself", err, problem.OwnProposal)

		first, err := s.Grant(ctx, sec, "li", Audit)
		s.must("grant", err)
		second, err := s.Grant(ctx, sec, "li", Security)
		s.must("another duty before it is taken over", err)
		_, err = s.LookAtLink(ctx, first.Token)
		s.wants("the link of the duty before", err, problem.Unknown)
		_, err = s.Redeem(ctx, Redeem{Token: second.Token, Password: password})
		s.wants("the link without the code", err, problem.Credentials)
		_, err = s.Redeem(ctx, Redeem{Token: second.Token, Code: newCode(), Password: password})
		s.wants("the link with another code", err, problem.Credentials)
		a := s.redeem(second, strings.ToUpper(strings.ReplaceAll(code, "-", " ")), "ignored")
		if a.Name != "li" || a.Duty != Security || a.ID != li.ID || a.CreatedBy != "sys" || a.GrantedBy != "sec" {
			t.Errorf("the account: %+v", a)
		}

		_, err = s.Grant(ctx, sec, "li", System)
		s.wants("another duty", err, problem.Conflict)
		_, _, err = s.NewCode(ctx, sys, "li")
		s.wants("a code for one that was taken over", err, problem.Conflict)
		_, err = s.Disable(ctx, sys, "sys")
		s.wants("disable oneself", err, problem.OwnProposal)
	})
}

func TestWrongCodesEndALink(t *testing.T) {
	s, ctx := newStage(t, storetest.SQLite(t)), t.Context()
	sys, sec, _ := s.founded()
	_, code, err := s.Create(ctx, sys, "li", "Li")
	s.must("create", err)
	l, err := s.Grant(ctx, sec, "li", Audit)
	s.must("grant", err)
	for range linkFailures {
		_, err = s.Redeem(ctx, Redeem{Token: l.Token, Code: newCode(), Password: password})
		s.wants("a wrong code", err, problem.Credentials)
	}
	_, err = s.Redeem(ctx, Redeem{Token: l.Token, Code: code, Password: password})
	s.wants("the right code, after too many", err, problem.Unknown)

	l, err = s.Grant(ctx, sec, "li", Audit)
	s.must("grant again", err)
	_, code, err = s.NewCode(ctx, sys, "li")
	s.must("another code", err)
	e, err := s.Redeem(ctx, Redeem{Token: l.Token, Code: code, Password: password})
	s.must("redeem", err)
	s.secrets["li"] = e.Secret
	for range linkFailures {
		_, err = s.ConfirmLink(ctx, l.Token, s.wrongCode("li"))
		s.wants("a wrong code of the authenticator", err, problem.Credentials)
	}
	_, err = s.ConfirmLink(ctx, l.Token, s.codeNow("li"))
	s.wants("the right one, after too many", err, problem.Unknown)
}

// TestTwoRedeemers has a link fall into two hands: what the second one confirms is the
// password that it has set itself, and only one account comes of it.
func TestTwoRedeemers(t *testing.T) {
	s, ctx := newStage(t, storetest.SQLite(t)), t.Context()
	l, err := s.FirstLink(ctx, System)
	s.must("link", err)
	one, err := s.Redeem(ctx, Redeem{Token: l.Token, Name: "one", Person: "One", Password: password})
	s.must("one", err)
	two, err := s.Redeem(ctx, Redeem{Token: l.Token, Name: "two", Person: "Two", Password: password})
	s.must("two", err)
	s.secrets["one"], s.secrets["two"] = one.Secret, two.Secret
	_, err = s.ConfirmLink(ctx, l.Token, s.codeNow("one"))
	s.wants("the first one's code", err, problem.Credentials)
	a, err := s.ConfirmLink(ctx, l.Token, s.codeNow("two"))
	s.must("the second one's", err)
	if a.Name != "two" {
		t.Errorf("the account of %s", a.Name)
	}
	if list, _, err := s.List(ctx, Filter{}); err != nil || len(list) != 1 {
		t.Errorf("%d accounts, %v", len(list), err)
	}
}

func TestListAndRename(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		sys, _, _ := s.founded()
		for _, name := range []string{"zhao", "an", "bo"} {
			_, _, err := s.Create(ctx, sys, name, "Person "+name)
			s.must("create", err)
		}
		var names []string
		for after := ""; ; {
			list, next, err := s.List(ctx, Filter{After: after, Limit: 2})
			s.must("list", err)
			for _, a := range list {
				names = append(names, a.Name)
			}
			if after = next; next == "" {
				break
			}
		}
		if got := strings.Join(names, " "); got != "an aud bo sec sys zhao" {
			t.Errorf("pages: %s", got)
		}
		list, _, err := s.List(ctx, Filter{Duty: Security, State: Active})
		if err != nil || len(list) != 1 || list[0].Name != "sec" {
			t.Errorf("filtered: %v, %v", list, err)
		}
		_, _, err = s.List(ctx, Filter{After: "\x00"})
		s.wants("a cursor that was not given", err, problem.Malformed)

		an, err := s.Get(ctx, "an")
		s.must("get", err)
		renamed, err := s.Rename(ctx, "an", "anna", "Anna", an.Revision)
		s.must("rename", err)
		if renamed.Name != "anna" || renamed.Revision != an.Revision+1 {
			t.Errorf("renamed: %+v", renamed)
		}
		_, err = s.Rename(ctx, "anna", "annb", "Anna", an.Revision)
		s.wants("of an older revision", err, problem.Stale)
		_, err = s.Rename(ctx, "anna", "bo", "Anna", renamed.Revision)
		s.wants("a name that exists", err, problem.Conflict)
		if again, err := s.Get(ctx, an.ID); err != nil || again.Name != "anna" {
			t.Errorf("by id: %+v, %v", again, err)
		}
		_, err = s.Get(ctx, "nobody\x00")
		s.wants("a name with a control character", err, problem.Unknown)
		if ids, err := s.Holders(ctx, Audit); err != nil || len(ids) != 1 {
			t.Errorf("holders: %v, %v", ids, err)
		}
	})
}

func TestRecovery(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		sys, sec, aud := s.founded()
		_, _, err := s.AskRecovery(ctx, sec, System, "the phone fell into the river")
		s.wants("a duty whose holder is signed in", err, problem.Conflict)
		s.must("sign out", s.EndSession(ctx, sys, sys.Session))
		_, _, err = s.AskRecovery(ctx, sys, System, "for myself")
		s.wants("one's own duty", err, problem.DutyWrong)
		_, _, err = s.AskRecovery(ctx, sec, System, " ")
		s.wants("without a reason", err, problem.Invalid)
		_, err = s.ConfirmRecovery(ctx, aud, System)
		s.wants("what nobody has asked for", err, problem.Unknown)

		asked, _, err := s.AskRecovery(ctx, sec, System, "the phone fell into the river")
		s.must("ask", err)
		if len(asked.Ends) != 1 || asked.Ends[0] != "sys" {
			t.Errorf("what it ends: %v", asked.Ends)
		}
		_, err = s.ConfirmRecovery(ctx, sec, System)
		s.wants("confirmed by who asked", err, problem.OwnProposal)
		other := s.another(s.enter("sys"), sec, "sec2", Security)
		s.must("sign out", s.EndSession(ctx, Caller{Duty: Security}, s.only("sys")))
		_, err = s.ConfirmRecovery(ctx, Caller{Account: other.ID, Name: other.Name, Duty: Security}, System)
		s.wants("confirmed by the same duty", err, problem.OwnProposal)
		s.must("withdraw", s.WithdrawRecovery(ctx, System))
		_, code, err := s.AskRecovery(ctx, aud, System, "the phone fell into the river")
		s.must("ask again", err)
		l, err := s.ConfirmRecovery(ctx, sec, System)
		s.must("confirm", err)

		_, err = s.Redeem(ctx, Redeem{Token: l.Token, Name: "sys2", Person: "Sys", Password: password})
		s.wants("without the other's code", err, problem.Credentials)
		a := s.redeem(l, code, "sys2")
		if a.Duty != System || a.State != Active {
			t.Errorf("recovered: %+v", a)
		}
		if old, err := s.Get(ctx, "sys"); err != nil || old.State != Disabled {
			t.Errorf("the lost account: %+v, %v", old, err)
		}
		if list, err := s.Recoveries(ctx); err != nil || len(list) != 0 {
			t.Errorf("recoveries: %v, %v", list, err)
		}
		s.enter("sys2")
	})
}

// only is the id of the one session of an account.
func (s *stage) only(name string) string {
	s.t.Helper()
	a, err := s.Get(s.t.Context(), name)
	s.must("get", err)
	list, err := s.Sessions(s.t.Context(), a.ID)
	s.must("sessions", err)
	if len(list) != 1 {
		s.t.Fatalf("%d sessions of %s", len(list), name)
	}
	return list[0].ID
}

func TestWithdrawnRecoveryHasNoLink(t *testing.T) {
	s, ctx := newStage(t, storetest.SQLite(t)), t.Context()
	_, sec, aud := s.founded()
	s.later(31 * time.Minute) // nobody of system is there
	_, code, err := s.AskRecovery(ctx, sec, System, "lost")
	s.must("ask", err)
	l, err := s.ConfirmRecovery(ctx, aud, System)
	s.must("confirm", err)
	_, err = s.ConfirmRecovery(ctx, aud, System)
	s.wants("confirm twice", err, problem.Conflict)
	s.must("withdraw", s.WithdrawRecovery(ctx, System))
	_, err = s.Redeem(ctx, Redeem{Token: l.Token, Code: code, Name: "sys2", Person: "Sys", Password: password})
	s.wants("redeem what was withdrawn", err, problem.Unknown)
	if a, err := s.Get(ctx, "sys"); err != nil || a.State != Active {
		t.Errorf("the account: %+v, %v", a, err)
	}
}
