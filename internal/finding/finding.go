// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package finding is what an auditor found and others have to mend: opened from entries
// of the audit logs, owned by a duty, followed until it is closed. Audit opens, verifies
// and closes; system and security comment on what is theirs and say when it is mended.
// Nothing that was said is ever changed: a finding's events are only added to.
package finding

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// Limits of a finding.
const (
	MaxTitle   = 200 // characters
	MaxText    = 4000
	MaxEntries = 200
	MaxEvents  = 1000
	MaxPage    = 500
)

// State is where a finding stands.
type State string

// The states, in order.
const (
	Opened   State = "open"
	Mending  State = "mending"
	Mended   State = "mended"   // says its owner
	Verified State = "verified" // says audit
	Closed   State = "closed"
)

// Entry names an entry of an audit log.
type Entry struct {
	Log   string `json:"log" minLength:"1" maxLength:"250" doc:"the component whose log it is"`
	Index uint64 `json:"index" doc:"of the entry in that log" maximum:"9007199254740991"`
}

// Event is one thing that happened to a finding.
type Event struct {
	Number int64        `json:"number"`
	At     time.Time    `json:"at"`
	Who    string       `json:"who" doc:"name of the account"`
	Duty   account.Duty `json:"duty"`
	What   string       `json:"what" enum:"opened,commented,moved,changed"`
	State  State        `json:"state" doc:"after it"`
	Text   string       `json:"text,omitempty"`
}

// Finding is one of them. A list leaves out its entries and events.
type Finding struct {
	ID       string         `json:"id"`
	Title    string         `json:"title"`
	Severity int            `json:"severity" minimum:"1" maximum:"3" doc:"1 notice, 2 warning, 3 grave"`
	State    State          `json:"state" enum:"open,mending,mended,verified,closed"`
	Owner    account.Duty   `json:"owner" enum:"system,security" doc:"the duty that has to mend it"`
	Due      time.Time      `json:"due"`
	Overdue  bool           `json:"overdue" doc:"due, and not mended"`
	Opened   time.Time      `json:"opened"`
	OpenedBy string         `json:"openedBy" doc:"name of the account"`
	Changed  time.Time      `json:"changed"`
	Revision int64          `json:"revision"`
	Next     []Next         `json:"next" doc:"the states that it may come to from here, and who may say so; none at its end"`
	Speakers []account.Duty `json:"speakers" enum:"system,security,audit" doc:"the duties that may say something of it"`
	Entries  []Entry        `json:"entries,omitempty" doc:"what shows it"`
	Events   []Event        `json:"events,omitempty" doc:"all that happened, oldest first"`
}

// Next is a step that a finding may take.
type Next struct {
	State State        `json:"state" enum:"mending,mended,verified,closed"`
	Duty  account.Duty `json:"duty" enum:"system,security,audit" doc:"who may say so"`
	Text  bool         `json:"text" doc:"it wants words: what was done, or why"`
}

// New is a finding to be opened.
type New struct {
	Title    string
	Text     string
	Severity int
	Owner    account.Duty
	Due      time.Time
	Entries  []Entry
}

// Config is what findings are made of.
type Config struct {
	Now  func() time.Time
	Tell func(topic, id string) // that something changed
}

// Findings are those of an installation.
type Findings struct {
	Config
	db *store.DB
}

// Open opens the findings in a database.
func Open(db *store.DB, c Config) *Findings { return &Findings{c, db} }

// Open opens a finding. Only audit does.
func (f *Findings) Open(ctx context.Context, who account.Caller, n New) (Finding, error) {
	if who.Duty != account.Audit {
		return Finding{}, problem.New(problem.DutyWrong, "audit opens findings")
	}
	now := f.Now()
	if err := n.check(now); err != nil {
		return Finding{}, err
	}
	row := Finding{
		ID: newID(now), Title: n.Title, Severity: n.Severity, State: Opened, Owner: n.Owner, Due: n.Due,
		Opened: now, OpenedBy: who.Name, Changed: now, Revision: 1,
	}
	err := f.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := insert(ctx, tx, &row); err != nil {
			return err
		}
		for _, e := range n.Entries {
			if err := insertEntry(ctx, tx, row.ID, e); err != nil {
				return err
			}
		}
		return addEvent(ctx, tx, row.ID, Event{At: now, Who: who.Name, Duty: who.Duty, What: "opened", State: Opened, Text: n.Text})
	})
	if err != nil {
		return Finding{}, err
	}
	f.Tell("findings", row.ID)
	return f.Get(ctx, row.ID)
}

// maxDays is how far ahead a finding may be due: three years.
const maxDays = 3 * 365

func (n *New) check(now time.Time) error {
	var wrong []problem.Field
	add := func(name string, why problem.Why) { wrong = append(wrong, why.At(name)) }
	if strings.TrimSpace(n.Title) == "" || utf8.RuneCountInString(n.Title) > MaxTitle {
		add("title", problem.Between(problem.Characters, 1, MaxTitle))
	}
	if utf8.RuneCountInString(n.Text) > MaxText {
		add("text", problem.AtMost(problem.Characters, MaxText))
	}
	if n.Severity < 1 || n.Severity > 3 {
		add("severity", problem.Between(problem.Number, 1, 3))
	}
	if n.Owner != account.System && n.Owner != account.Security {
		add("owner", problem.OneOf("system", "security"))
	}
	if n.Due.Before(now) || n.Due.After(now.AddDate(0, 0, maxDays)) {
		add("due", problem.Ahead(maxDays))
	}
	if len(n.Entries) > MaxEntries {
		add("entries", problem.AtMost(problem.Count, MaxEntries))
	}
	seen := map[Entry]bool{}
	for i, e := range n.Entries {
		if e.Log == "" || len(e.Log) > 250 || e.Index > 1<<53-1 || seen[e] {
			add(fmt.Sprintf("entries[%d]", i), problem.Because(problem.Form, "a log and an index, each pair once"))
		}
		seen[e] = true
	}
	if wrong != nil {
		return &problem.Error{Code: problem.Invalid, Detail: "the finding is not complete", Fields: wrong}
	}
	return nil
}

// moves are the steps there are, and who makes each. The owner's duty stands as "".
func moves() map[[2]State]account.Duty {
	const owner account.Duty = ""
	return map[[2]State]account.Duty{
		{Opened, Mending}: owner, {Opened, Mended}: owner, {Mending, Mended}: owner,
		{Mended, Mending}:  account.Audit, // it is not mended
		{Mended, Verified}: account.Audit, {Verified, Closed}: account.Audit,
		{Opened, Closed}:    account.Audit, // it was none
		{Verified, Mending}: account.Audit, // it came again
	}
}

// wordy are the steps that want a reason.
func wordy(from, to State) bool {
	return to == Mended || to == Mending && from != Opened || from == Opened && to == Closed
}

// Move takes a finding to another state, if it is at a revision (0 for whichever).
func (f *Findings) Move(ctx context.Context, who account.Caller, id string, revision int64, to State, text string) (Finding, error) {
	return f.act(ctx, who, id, revision, text, func(row *Finding) (string, error) {
		duty, ok := moves()[[2]State{row.State, to}]
		if !ok {
			return "", problem.New(problem.Conflict, "a finding that is %s does not become %s: %s", row.State, to, nextOf(row.State))
		}
		if duty == "" {
			duty = row.Owner
		}
		if who.Duty != duty {
			return "", problem.New(problem.DutyWrong, "it is for %s to say that this finding is %s", duty, to)
		}
		if wordy(row.State, to) && strings.TrimSpace(text) == "" {
			return "", problem.New(problem.Invalid, "say in the text what was done, or why")
		}
		row.State = to
		return "moved", nil
	})
}

// next are the steps that a finding may take from where it is.
func (f *Finding) next() []Next {
	list := []Next{}
	for move, duty := range moves() {
		if move[0] != f.State {
			continue
		}
		if duty == "" {
			duty = f.Owner
		}
		list = append(list, Next{State: move[1], Duty: duty, Text: wordy(move[0], move[1])})
	}
	slices.SortFunc(list, func(a, b Next) int { return strings.Compare(string(a.State), string(b.State)) })
	return list
}

// speakers are the duties that may say something of a finding: who found it, and who has
// to mend it.
func (f *Finding) speakers() []account.Duty { return []account.Duty{account.Audit, f.Owner} }

func nextOf(s State) string {
	var next []string
	for move := range moves() {
		if move[0] == s {
			next = append(next, string(move[1]))
		}
	}
	if next == nil {
		return "it is at its end"
	}
	slices.Sort(next)
	return "next is " + strings.Join(next, " or ")
}

// Comment adds somebody's words. Whoever does not own a finding and is not audit says
// nothing to it.
func (f *Findings) Comment(ctx context.Context, who account.Caller, id, text string) (Finding, error) {
	return f.act(ctx, who, id, 0, text, func(row *Finding) (string, error) {
		switch {
		case !slices.Contains(row.speakers(), who.Duty):
			return "", problem.New(problem.DutyWrong, "this finding is of %s", row.Owner)
		case strings.TrimSpace(text) == "":
			return "", problem.New(problem.Invalid, "an empty comment")
		default:
			return "commented", nil
		}
	})
}

// Change is what audit can correct in a finding that is not closed; nil leaves a field.
type Change struct {
	Title    *string
	Severity *int
	Owner    *account.Duty
	Due      *time.Time
	Text     string // why
}

// Change corrects a finding that is at a revision.
func (f *Findings) Change(ctx context.Context, who account.Caller, id string, revision int64, c Change) (Finding, error) {
	return f.act(ctx, who, id, revision, c.Text, func(row *Finding) (string, error) {
		if who.Duty != account.Audit {
			return "", problem.New(problem.DutyWrong, "audit changes findings")
		}
		if row.State == Closed {
			return "", problem.New(problem.Conflict, "the finding is closed: open another")
		}
		n := New{Title: row.Title, Severity: row.Severity, Owner: row.Owner, Due: row.Due, Text: c.Text}
		now := f.Now()
		set(&n.Title, c.Title)
		set(&n.Severity, c.Severity)
		set(&n.Owner, c.Owner)
		if c.Due == nil {
			n.Due = now // it may be overdue already
		}
		set(&n.Due, c.Due)
		if err := n.check(now); err != nil {
			return "", err
		}
		row.Title, row.Severity, row.Owner = n.Title, n.Severity, n.Owner
		set(&row.Due, c.Due)
		return "changed", nil
	})
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// act has fn change a finding, and keeps that and the event in one transaction.
func (f *Findings) act(ctx context.Context, who account.Caller, id string, revision int64, text string, fn func(*Finding) (string, error)) (Finding, error) {
	if utf8.RuneCountInString(text) > MaxText {
		return Finding{}, problem.New(problem.TooLarge, "at most %d characters of text", MaxText)
	}
	err := f.db.Tx(ctx, func(tx *sql.Tx) error {
		row, err := get(ctx, tx, id)
		if err != nil {
			return err
		}
		if revision != 0 && row.Revision != revision {
			return problem.New(problem.Stale, "the finding was changed meanwhile: read it again")
		}
		what, err := fn(&row)
		if err != nil {
			return err
		}
		row.Changed = f.Now()
		row.Revision++
		if err := update(ctx, tx, &row); err != nil {
			return err
		}
		return addEvent(ctx, tx, id, Event{At: row.Changed, Who: who.Name, Duty: who.Duty, What: what, State: row.State, Text: text})
	})
	if err != nil {
		return Finding{}, err
	}
	f.Tell("findings", id)
	return f.Get(ctx, id)
}

// newID is a name that nobody has used, and that sorts by time.
func newID(now time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%012x", now.UnixMilli()) + hex.EncodeToString(b[:10])
}
