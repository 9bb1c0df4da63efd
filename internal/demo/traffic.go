// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// fileEvery is how often traffic drops a file, once the first has been dropped.
const fileEvery = 25 * time.Second

// tokenFor is for how long a token is used; the bureau's hold 15 minutes.
const tokenFor = 10 * time.Minute

// Traffic is light and varied traffic by the portal's way, as of a quiet day: what is
// answered, and now and then what is refused. One at a time, so it never outruns what is
// on the way.
type Traffic struct {
	d        *Demo
	bank     *Bank
	people   []*visitor // whose report may go out
	sealed   []*visitor // whose report may not
	deck     []act      // what comes next, drawn from the end
	nextFile time.Time
	files    int

	mu    sync.Mutex
	tally map[string]int
}

// visitor is somebody who signs in now and then.
type visitor struct {
	User
	token string
	until time.Time
}

// act is one thing that happens. refused says that it must be.
type act struct {
	name    string
	refused bool
	do      func(*Traffic, context.Context) error
}

// The counts of a tally that are not names of acts.
const (
	TrafficAnswered = "answered"
	TrafficRefused  = "refused"
	TrafficFailed   = "failed"
)

// NewTraffic finds out who visits.
func (d *Demo) NewTraffic(ctx context.Context) (*Traffic, error) {
	t := &Traffic{d: d, bank: d.Bank(), tally: map[string]int{}}
	args := []string{"people", Zhang().Person, "person-000002", Gao().Person}
	for n := 3; n < 30; n++ {
		if id := fmt.Sprintf("person-%06d", n); id != Gao().Person {
			args = append(args, id)
		}
	}
	table, err := d.bankTool(ctx, args...)
	if err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(strings.NewReader(table)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 4 || f[0] == "USER" {
			continue
		}
		v := &visitor{User: User{Name: f[0], Password: f[1], Person: f[2]}}
		if v.Level, err = strconv.Atoi(f[3]); err != nil {
			return nil, fmt.Errorf("dukou-bank people: %w", err)
		}
		if v.Level > 3 {
			t.sealed = append(t.sealed, v)
		} else {
			t.people = append(t.people, v)
		}
	}
	if len(t.people) < 2 || len(t.sealed) < 1 {
		return nil, fmt.Errorf("dukou-bank people told of %d and %d", len(t.people), len(t.sealed))
	}
	return t, nil
}

// Run keeps it going until ctx ends, at so many requests a second. What fails is counted:
// processes may be killed meanwhile.
func (t *Traffic) Run(ctx context.Context, perSecond float64) {
	defer t.bank.Close()
	if perSecond <= 0 {
		return
	}
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		t.one(ctx)
		if time.Now().After(t.nextFile) {
			if err := t.file(ctx); ctx.Err() == nil {
				t.count("file", err, false)
			}
			t.nextFile = time.Now().Add(fileEvery)
		}
		next.Reset(time.Duration(rand.ExpFloat64() / perSecond * float64(time.Second))) // as independent people come
	}
}

// one draws an act and does it.
func (t *Traffic) one(ctx context.Context) {
	if len(t.deck) == 0 {
		t.deck = newDeck()
		rand.Shuffle(len(t.deck), func(i, j int) { t.deck[i], t.deck[j] = t.deck[j], t.deck[i] })
	}
	a := t.deck[len(t.deck)-1]
	t.deck = t.deck[:len(t.deck)-1]
	if err := a.do(t, ctx); ctx.Err() == nil {
		t.count(a.name, err, a.refused)
	}
}

// newDeck is what happens in one round, in any order.
func newDeck() []act {
	deck := []act{
		{"portal", false, (*Traffic).portal}, {"sign-in", false, (*Traffic).signIn}, {"sign-in", false, (*Traffic).signIn},
		{"sealed", true, (*Traffic).sealedReport}, {"somebody else", true, (*Traffic).others}, {"purpose", true, (*Traffic).purpose},
		{"no such purpose", true, (*Traffic).noPurpose}, {"unknown", true, (*Traffic).unknown}, {"large", true, (*Traffic).large}, {"no flow", true, (*Traffic).noFlow},
	}
	for range 40 {
		deck = append(deck, act{"report", false, (*Traffic).report})
	}
	return deck
}

// count notes what became of an act.
func (t *Traffic) count(name string, err error, refused bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tally[name]++
	_, isRefusal := errors.AsType[*Refusal](err)
	switch {
	case isRefusal && refused:
		t.tally[TrafficRefused]++
	case err == nil && !refused:
		t.tally[TrafficAnswered]++
	default:
		t.tally[TrafficFailed]++
	}
}

// Tally is how often each act was done, and what became of all of them.
func (t *Traffic) Tally() map[string]int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.tally)
}

func (t *Traffic) anybody() *visitor { return t.people[rand.IntN(len(t.people))] }

// token is that of a visitor, who signs in when there is none.
func (t *Traffic) token(ctx context.Context, v *visitor) (string, error) {
	if time.Now().Before(v.until) {
		return v.token, nil
	}
	token, err := t.bank.SignIn(ctx, v.User)
	if err == nil {
		v.token, v.until = token, time.Now().Add(tokenFor)
	}
	return token, err
}

// get asks for something with a visitor's token. When that is refused as no token, as by
// another bureau after a restart, the next visit signs in anew.
func (t *Traffic) get(ctx context.Context, v *visitor, path string) error {
	token, err := t.token(ctx, v)
	if err != nil {
		return fmt.Errorf("sign in as %s: %v", v.Name, err) //nolint:errorlint // it is not the refusal that was wanted
	}
	var answer Report
	err = t.bank.ask(ctx, http.MethodGet, path, token, nil, &answer)
	if r, ok := errors.AsType[*Refusal](err); ok && r.Status == http.StatusUnauthorized {
		v.until = time.Time{}
	}
	return err
}

func reportPath(person, purpose string) string { return "/reports/" + person + "?purpose=" + purpose }

func (t *Traffic) report(ctx context.Context) error {
	v := t.anybody()
	return t.get(ctx, v, reportPath(v.Person, "self-inquiry"))
}

func (t *Traffic) portal(ctx context.Context) error {
	_, err := t.d.Browse(ctx, t.anybody().User)
	return err
}

func (t *Traffic) signIn(ctx context.Context) error {
	v := t.anybody()
	v.until = time.Time{}
	_, err := t.token(ctx, v)
	return err
}

func (t *Traffic) sealedReport(ctx context.Context) error {
	v := t.sealed[rand.IntN(len(t.sealed))]
	return t.get(ctx, v, reportPath(v.Person, "self-inquiry"))
}

func (t *Traffic) others(ctx context.Context) error {
	i := rand.IntN(len(t.people))
	return t.get(ctx, t.people[i], reportPath(t.people[(i+1)%len(t.people)].Person, "self-inquiry"))
}

func (t *Traffic) purpose(ctx context.Context) error {
	v := t.anybody()
	return t.get(ctx, v, reportPath(v.Person, "loan-review"))
}

func (t *Traffic) noPurpose(ctx context.Context) error {
	v := t.anybody()
	return t.get(ctx, v, reportPath(v.Person, "curiosity"))
}

func (t *Traffic) unknown(ctx context.Context) error {
	_, err := t.bank.SignIn(ctx, User{Name: "nobody", Password: "guessed-" + strconv.Itoa(rand.IntN(1000))})
	return err
}

func (t *Traffic) large(ctx context.Context) error {
	_, err := t.bank.SignIn(ctx, User{Name: t.anybody().Name, Password: strings.Repeat("long", 2000)})
	return err
}

func (t *Traffic) noFlow(ctx context.Context) error {
	return t.get(ctx, t.anybody(), "/internal/people")
}

// file drops a file into the watched directory: mostly a batch of questions, now and then
// one of a kind that no flow takes, or too large for it.
func (t *Traffic) file(ctx context.Context) error {
	t.files++
	path := filepath.Join(t.d.Installation.Outgoing(), "batch-"+time.Now().Format("20060102-150405.000"))
	switch {
	case t.files%100 == 3:
		return sparse(path+".csv", 9<<20)
	case t.files%8 == 5:
		return sparse(path+".exe", 4096)
	}
	_, err := t.d.bankTool(ctx, "request-file", "--out", path+".csv", "--people", strconv.Itoa(5+rand.IntN(60)))
	return err
}

// sparse makes a file of zeros that takes no room, whole at once.
func sparse(path string, size int64) error {
	hidden := filepath.Join(filepath.Dir(path), "."+filepath.Base(path))
	if err := os.WriteFile(hidden, nil, 0o600); err != nil {
		return err
	}
	return errors.Join(os.Truncate(hidden, size), os.Rename(hidden, path))
}
