// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"errors"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

func TestSignIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		sys, _, _ := s.founded()
		o := s.half("sys")
		if o.Session.State != wantsFactor || len(o.Factors) != 1 || o.Factors[0] != "totp" {
			t.Errorf("half open: %+v", o)
		}
		s.refused("a half-open session", o.Secret, problem.FactorWanted)
		_, err := s.Factor(ctx, o.Secret, Proof{TOTP: s.wrongCode("sys")}, "10.0.0.9")
		s.wants("a wrong code", err, problem.Credentials)
		_, err = s.Factor(ctx, o.Secret, Proof{}, "10.0.0.9")
		s.wants("no code", err, problem.Invalid)
		_, err = s.Refresh(ctx, o.Secret, Proof{TOTP: s.code("sys")}, "10.0.0.9")
		s.wants("refreshing what is half open", err, problem.Conflict)
		opened, err := s.Factor(ctx, o.Secret, Proof{TOTP: s.codeNow("sys")}, "10.0.0.9")
		s.must("the right code", err)
		s.refused("the secret of before", o.Secret, problem.SignedOut)
		who := s.identified(opened.Secret)
		if who.Account != sys.Account || who.Duty != System || who.Name != "sys" || who.Token || !who.Fresh.Equal(s.clock()) {
			t.Errorf("the caller: %+v", who)
		}

		s.later(10 * time.Minute)
		fresh, err := s.Refresh(ctx, opened.Secret, Proof{TOTP: s.code("sys")}, "10.0.0.9")
		s.must("the factor again", err)
		s.refused("the secret of before", opened.Secret, problem.SignedOut)
		if who := s.identified(fresh.Secret); !who.Fresh.Equal(s.clock()) || who.Session != o.Session.ID {
			t.Errorf("the caller: %+v", who)
		}
		late := s.half("sys")
		s.later(factorWithin + time.Second)
		_, err = s.Factor(ctx, late.Secret, Proof{TOTP: s.code("sys")}, "10.0.0.9")
		s.wants("too long after the password", err, problem.SignedOut)
		for _, secret := range []string{"", "x", sessionPrefix, tokenPrefix, sessionPrefix + "AAAA", "\x00"} {
			s.refused("a made-up secret", secret, problem.SignedOut)
		}
	})
}

// TestNothingTellsWhatWasWrong holds the refusals of names that nobody has to those of
// names that somebody has.
func TestNothingTellsWhatWasWrong(t *testing.T) {
	s, ctx := newStage(t, storetest.SQLite(t)), t.Context()
	sys, sec, _ := s.founded()
	s.another(sys, sec, "gone", Audit)
	_, err := s.Disable(ctx, sys, "gone")
	s.must("disable", err)
	a, err := s.Get(ctx, "sys")
	s.must("get", err)
	texts := map[string]bool{}
	for _, in := range []SignIn{
		{Name: "sys", Password: "Wrong-Password-1"}, {Name: "nobody", Password: password}, {Name: "gone", Password: password},
		{Name: a.ID, Password: password}, {Name: "sys\x00", Password: password}, {Name: "sys"}, {},
		{Name: "sys", Password: string(make([]byte, 300))},
	} {
		_, err := s.SignIn(ctx, in)
		s.wants("sign in as "+in.Name, err, problem.Credentials)
		texts[problem.Of(err).Detail] = true
	}
	if len(texts) != 1 {
		t.Errorf("it is told in %d ways what was wrong: %v", len(texts), texts)
	}
	o := s.half("sys")
	_, err = s.Factor(ctx, o.Secret, Proof{TOTP: s.wrongCode("sys")}, "10.0.0.9")
	if !texts[problem.Of(err).Detail] {
		t.Errorf("a wrong second factor is told apart: %v", err)
	}
	// A locked name that nobody has is locked like one that somebody has.
	for _, name := range []string{"sec", "nobody2"} {
		for range 5 {
			_, err = s.SignIn(ctx, SignIn{Name: name, Password: "Wrong-Password-1"})
			s.wants("the first five", err, problem.Credentials)
		}
		_, err = s.SignIn(ctx, SignIn{Name: name, Password: password})
		s.wants("the sixth", err, problem.Locked)
	}
}

func TestLockout(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		s.founded()
		half := s.half("sys")
		for range 4 {
			_, err := s.SignIn(ctx, SignIn{Name: "sys", Password: "Wrong-Password-1", Address: "10.0.0.1"})
			s.wants("wrong", err, problem.Credentials)
		}
		_, err := s.Factor(ctx, half.Secret, Proof{TOTP: s.wrongCode("sys")}, "10.0.0.2")
		s.wants("the fifth, of the second factor", err, problem.Credentials)
		_, err = s.SignIn(ctx, SignIn{Name: "sys", Password: password, Address: "10.0.0.3"})
		s.wants("the right password of a locked account", err, problem.Locked)
		if p, ok := errors.AsType[*problem.Error](err); !ok || !p.Until.After(s.clock()) {
			t.Errorf("until when it is locked is not told: %v", err)
		}
		_, err = s.Factor(ctx, half.Secret, Proof{TOTP: s.code("sys")}, "10.0.0.3")
		s.wants("the right code of a locked account", err, problem.Locked)
		if a, err := s.Get(ctx, "sys"); err != nil || a.Locked.IsZero() {
			t.Errorf("the account: %+v, %v", a, err)
		}
		if len(s.notes) != 1 || s.notes[0].Action != "lock-account" || s.notes[0].Object != "sys" {
			t.Errorf("recorded: %+v", s.notes)
		}
		s.later(30*time.Minute + time.Second)
		s.enter("sys")
		if a, err := s.Get(ctx, "sys"); err != nil || !a.Locked.IsZero() {
			t.Errorf("after its time: %+v, %v", a, err)
		}

		for range 5 {
			_, err := s.SignIn(ctx, SignIn{Name: "aud", Password: "Wrong-Password-1"})
			s.wants("wrong", err, problem.Credentials)
		}
		_, err = s.Unlock(ctx, "aud")
		s.must("unlock", err)
		s.enter("aud")
	})
}

// TestPasswordAloneResetsNothing has somebody who knows the password try codes: to enter
// the password again does not give more tries.
func TestPasswordAloneResetsNothing(t *testing.T) {
	s, ctx := newStage(t, storetest.SQLite(t)), t.Context()
	s.founded()
	var codes []problem.Code
	for range 6 {
		o, err := s.SignIn(ctx, SignIn{Name: "sys", Password: password})
		if err == nil {
			_, err = s.Factor(ctx, o.Secret, Proof{TOTP: s.wrongCode("sys")}, "")
		}
		codes = append(codes, problem.CodeOf(err))
	}
	for i, code := range codes {
		if want := map[bool]problem.Code{true: problem.Credentials, false: problem.Locked}[i < 5]; code != want {
			t.Errorf("try %d: %s, want %s", i+1, code, want)
		}
	}
}

func TestAddressIsLocked(t *testing.T) {
	s, ctx := newStage(t, storetest.SQLite(t)), t.Context()
	s.founded()
	for i := range 5 * perAddress {
		_, err := s.SignIn(ctx, SignIn{Name: "nobody" + string(rune('a'+i)), Password: password, Address: "10.6.6.6"})
		s.wants("a name that nobody has", err, problem.Credentials)
	}
	_, err := s.SignIn(ctx, SignIn{Name: "sys", Password: password, Address: "10.6.6.6"})
	s.wants("the right password from there", err, problem.Locked)
	_, err = s.SignIn(ctx, SignIn{Name: "sys", Password: password, Address: "10.6.6.7"})
	s.must("from elsewhere", err)
}

// TestManyTriesAtOnce sends guesses in parallel: no more are looked at than one after
// another would be.
func TestManyTriesAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		s.founded()
		var group sync.WaitGroup
		var mu sync.Mutex
		got := map[problem.Code]int{}
		for range 30 {
			group.Go(func() {
				_, err := s.SignIn(ctx, SignIn{Name: "sys", Password: "Wrong-Password-1"})
				mu.Lock()
				defer mu.Unlock()
				got[problem.CodeOf(err)]++
			})
		}
		group.Wait()
		if got[problem.Credentials] > 5 || got[problem.Credentials]+got[problem.Locked]+got[problem.TooMany] > 30 || got[problem.Locked] == 0 {
			t.Errorf("of 30 guesses at once: %v", got)
		}
		for code := range got {
			if code != problem.Credentials && code != problem.Locked && code != problem.TooMany && code != problem.Internal {
				t.Errorf("%s", code)
			}
		}
	})
}

// TestCodeIsGoodOnce shows one code to two sessions, one after another and at once.
func TestCodeIsGoodOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		s.founded()
		one, two := s.half("sys"), s.half("sys")
		code := s.code("sys")
		_, err := s.Factor(ctx, one.Secret, Proof{TOTP: code}, "")
		s.must("the first time", err)
		_, err = s.Factor(ctx, two.Secret, Proof{TOTP: code}, "")
		s.wants("the second time", err, problem.Credentials)

		code = s.code("sys")
		halves := []Opened{two, s.half("sys"), s.half("sys")}
		errs := make([]error, len(halves))
		var group sync.WaitGroup
		for i, h := range halves {
			group.Go(func() { _, errs[i] = s.Factor(ctx, h.Secret, Proof{TOTP: code}, "") })
		}
		group.Wait()
		passed := 0
		for _, err := range errs {
			if err == nil {
				passed++
			}
		}
		if passed != 1 {
			t.Errorf("%d of %d sessions passed with one code: %v", passed, len(halves), errs)
		}
	})
}

func TestSessionsEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, ctx := newStage(t, db), t.Context()
		sys, sec, _ := s.founded()
		s.later(time.Minute)
		idle, used := s.session("aud"), s.session("aud")
		for range 2 {
			s.later(20 * time.Minute)
			who := s.identified(used)
			s.must("used", s.Used(ctx, who))
			s.must("still", s.Still(ctx, who))
		}
		s.refused("not used for longer than the rules say", idle, problem.SignedOut)
		for range 35 {
			s.later(20 * time.Minute)
			if who, err := s.Identify(ctx, used, ""); err == nil {
				s.must("used", s.Used(ctx, who))
			}
		}
		s.refused("used all the time, for longer than twelve hours", used, problem.SignedOut)

		mine, other := s.session("sys"), s.session("aud")
		who := s.identified(other)
		s.wants("another's session", s.EndSession(ctx, s.identified(mine), who.Session), problem.Unknown)
		s.must("anybody's, by security", s.EndSession(ctx, sec, who.Session))
		s.refused("ended by security", other, problem.SignedOut)
		s.wants("ended in mid-call", s.Still(ctx, who), problem.SignedOut)

		other = s.session("aud")
		who = s.identified(other)
		_, token, err := s.NewToken(ctx, who, "t", true, s.clock().Add(time.Hour))
		s.must("token", err)
		_, err = s.Disable(ctx, sys, "aud")
		s.must("disable", err)
		s.refused("of a disabled account", other, problem.SignedOut)
		s.refused("token of a disabled account", token, problem.SignedOut)
	})
}

func TestSessionsOfAnAccountAreBounded(t *testing.T) {
	s, ctx := newStage(t, storetest.SQLite(t)), t.Context()
	s.founded()
	oldest := s.session("sys")
	for range maxSessions {
		s.later(time.Second)
		s.half("sys")
	}
	s.refused("the oldest of too many", oldest, problem.SignedOut)
	a, err := s.Get(ctx, "sys")
	s.must("get", err)
	if list, err := s.Sessions(ctx, a.ID); err != nil || len(list) != maxSessions {
		t.Errorf("%d sessions, %v", len(list), err)
	}
}

// TestHashesAreBounded has as many sign in as are let wait: the next is turned away, and
// that is no failure of its own.
func TestHashesAreBounded(t *testing.T) {
	s, ctx := newStage(t, storetest.SQLite(t)), t.Context()
	s.founded()
	for range hashing + waiting {
		s.hasher.queue <- struct{}{}
	}
	for range 6 {
		_, err := s.SignIn(ctx, SignIn{Name: "sys", Password: password, Address: "10.0.0.1"})
		s.wants("one too many", err, problem.TooMany)
	}
	for range hashing + waiting {
		<-s.hasher.queue
	}
	s.enter("sys")
}
