// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package retention is for how long audit is kept, and which kinds of it are off for a
// time. The logs themselves are never cut: their leaves stay, and with them every proof.
// What ends is the details, when the signer destroys the keys of their days, wherever
// copies are; and the rows of the center's index.
//
// All that this package changes is changed by two persons: its methods SetRule, Switch
// and Destroy are what an approved proposal does. Each is done once for each proposal,
// however often it is called.
package retention

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// Days of retention.
const (
	Default = 190   // S-04; half a year is asked for by law
	Usual   = 184   // less wants a reason that is recorded
	Least   = 60    // less is refused, whoever asks; the signer refuses it too
	Most    = 36500 // a century
	maxText = 500   // characters of a reason
	maxOff  = 92    // days of a window
	day     = 24 * time.Hour
	turn    = 10 * time.Minute
)

// Rule is for how long the entries of a class are kept.
type Rule struct {
	Class    audit.Class `json:"class" enum:"decision,delivery,session,component,policy,admin,health,foreign"`
	Days     int         `json:"days" doc:"since the entry was recorded"`
	Reason   string      `json:"reason,omitempty" doc:"why it is less than usual"`
	Proposal string      `json:"proposal,omitempty" doc:"the two-person act that made it so; none for the default"`
	Changed  time.Time   `json:"changed,omitzero"`
}

// Check refuses a rule that must not be.
func (r Rule) Check() error {
	switch {
	case !r.Class.Valid():
		return problem.New(problem.Invalid, "there is no class %q of audit", r.Class)
	case r.Days < Least:
		return problem.New(problem.Invalid, "audit is kept for %d days at the least", Least)
	case r.Days > Most:
		return problem.New(problem.Invalid, "audit is kept for %d days at the most", Most)
	case r.Days < Usual && strings.TrimSpace(r.Reason) == "":
		return problem.New(problem.Invalid, "less than %d days wants a reason, which is recorded", Usual)
	case utf8.RuneCountInString(r.Reason) > maxText:
		return problem.New(problem.Invalid, "a reason has at most %d characters", maxText)
	default:
		return nil
	}
}

// Window is a time in which a class of audit is off: its entries are still recorded and
// proven in the logs of who recorded them, and are left out of the center's index, of
// what is exported, or of both.
type Window struct {
	Class    audit.Class `json:"class" enum:"session,delivery,health,foreign" doc:"decisions, administrators' acts, policy and components are never off"`
	From     time.Time   `json:"from"`
	To       time.Time   `json:"to" doc:"not included"`
	Index    bool        `json:"index" doc:"left out of the center's index"`
	Export   bool        `json:"export" doc:"left out of what is exported"`
	Reason   string      `json:"reason"`
	Proposal string      `json:"proposal,omitempty" doc:"the two-person act that made it so"`
	Changed  time.Time   `json:"changed,omitzero"`
}

// mayBeOff tells whether entries of a class may be left out. Decisions and
// administrators' acts never are.
func mayBeOff(c audit.Class) bool {
	switch c {
	case audit.ClassSession, audit.ClassDelivery, audit.ClassHealth, audit.ClassForeign:
		return true
	default:
		return false
	}
}

// spared tells whether an entry is kept although its class is off: what was refused or
// has failed always is.
func spared(c audit.Class, verdict string) bool {
	if !mayBeOff(c) {
		return true
	}
	switch verdict {
	case "refuse", "failed", "quarantined":
		return true
	default:
		return false
	}
}

// Check refuses a window that must not be.
func (w Window) Check() error {
	switch {
	case !mayBeOff(w.Class):
		return problem.New(problem.Invalid, "audit of class %q is never off", w.Class)
	case !w.Index && !w.Export:
		return problem.New(problem.Invalid, "say what it is left out of: the index, exports, or both")
	case !w.From.Before(w.To) || w.To.Sub(w.From) > maxOff*day:
		return problem.New(problem.Invalid, "a window ends after it begins, within %d days", maxOff)
	case strings.TrimSpace(w.Reason) == "" || utf8.RuneCountInString(w.Reason) > maxText:
		return problem.New(problem.Invalid, "a reason of 1 to %d characters is recorded", maxText)
	default:
		return nil
	}
}

// Config is what retention works with.
type Config struct {
	// Prune removes the rows of a class that were recorded before a moment from the
	// center's index, a bounded number at a time, and tells how many; 0 when none are left.
	Prune func(ctx context.Context, class audit.Class, before time.Time) (int64, error)
	// Destroy has the signer destroy the keys of all details of days (since 1970) before one.
	Destroy func(ctx context.Context, before uint64) error
	// Disk tells how full the disk with the logs is, in bytes.
	Disk   func() (used, total uint64, err error)
	Record func(audit.Entry) audit.Ticket
	Tell   func(topic, id string) // nil tells nobody
	Now    func() time.Time
	Log    *slog.Logger
}

// Retention keeps the rules and the windows, and does what they say.
type Retention struct {
	Config
	db *store.DB

	mu      sync.RWMutex
	rules   map[audit.Class]Rule // that were set
	windows []Window             // all
	full    bool                 // the disk is told to be nearly full
}

// Open reads the rules and windows that are set.
func Open(ctx context.Context, db *store.DB, c Config) (*Retention, error) {
	if c.Tell == nil {
		c.Tell = func(string, string) {}
	}
	r := &Retention{Config: c, db: db}
	return r, r.load(ctx)
}

func (r *Retention) load(ctx context.Context) error {
	set, err := rules(ctx, r.db)
	if err != nil {
		return err
	}
	all, err := windows(ctx, r.db)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.rules, r.windows = set, all
	r.mu.Unlock()
	return nil
}

// rule is that of a class. The lock is held.
func (r *Retention) rule(c audit.Class) Rule {
	if set, ok := r.rules[c]; ok {
		return set
	}
	return Rule{Class: c, Days: Default}
}

// Indexed tells whether an entry belongs into the center's index: it is young enough,
// and its class is not off.
func (r *Retention) Indexed(class audit.Class, verdict string, ms int64) bool {
	r.mu.RLock()
	days := r.rule(class).Days
	r.mu.RUnlock()
	if ms < r.Now().Add(-time.Duration(days)*day).UnixMilli() {
		return false
	}
	return !r.off(class, verdict, ms, func(w *Window) bool { return w.Index })
}

// Exported tells whether an entry belongs into what is exported.
func (r *Retention) Exported(class audit.Class, verdict string, ms int64) bool {
	return !r.off(class, verdict, ms, func(w *Window) bool { return w.Export })
}

func (r *Retention) off(class audit.Class, verdict string, ms int64, of func(*Window) bool) bool {
	if spared(class, verdict) {
		return false
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	for i := range r.windows {
		w := &r.windows[i]
		if w.Class == class && of(w) && ms >= w.From.UnixMilli() && ms < w.To.UnixMilli() {
			return true
		}
	}
	return false
}

// Rules are those of all classes.
func (r *Retention) Rules() []Rule {
	r.mu.RLock()
	defer r.mu.RUnlock()
	all := make([]Rule, 0, len(audit.Classes()))
	for _, c := range audit.Classes() {
		all = append(all, r.rule(c))
	}
	return all
}

// Windows are all windows, the newest first.
func (r *Retention) Windows() []Window {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Clone(r.windows)
}

// SetRule puts a rule in force that a proposal of two persons has brought.
func (r *Retention) SetRule(ctx context.Context, proposal string, rule Rule) (string, error) {
	if err := rule.Check(); err != nil {
		return "", err
	}
	rule.Proposal, rule.Changed = proposal, r.Now()
	err := r.db.Tx(ctx, func(tx *sql.Tx) error { return putRule(ctx, tx, rule) })
	if err == nil {
		err = r.load(ctx)
	}
	if err != nil {
		return "", unavailable(err)
	}
	r.Tell("retention", string(rule.Class))
	return fmt.Sprintf("%s is kept for %d days", rule.Class, rule.Days), nil
}

// Switch switches a class off for a time, as a proposal of two persons says.
func (r *Retention) Switch(ctx context.Context, proposal string, w Window) (string, error) {
	if err := w.Check(); err != nil {
		return "", err
	}
	w.Proposal, w.Changed = proposal, r.Now()
	err := r.db.Tx(ctx, func(tx *sql.Tx) error { return putWindow(ctx, tx, w) })
	if err == nil {
		err = r.load(ctx)
	}
	if err != nil {
		return "", unavailable(err)
	}
	r.Tell("retention", string(w.Class))
	return fmt.Sprintf("%s is off from %s to %s", w.Class, w.From.Format(time.RFC3339), w.To.Format(time.RFC3339)), nil
}

// DayOf is the day, in UTC since 1970, of a moment.
func DayOf(t time.Time) uint64 { return uint64(max(t.Unix(), 0) / int64(day/time.Second)) }

// CheckDestroy refuses to destroy the details of days that must be kept.
func (r *Retention) CheckDestroy(before uint64) error {
	if before > DayOf(r.Now())-Least {
		return problem.New(problem.Invalid, "details of the last %d days are not destroyed", Least)
	}
	return nil
}

// Destroy has the keys of all details of the days before one destroyed, as a proposal of
// two persons says. Done twice it is as done once.
func (r *Retention) Destroy(ctx context.Context, before uint64) (string, error) {
	if err := r.CheckDestroy(before); err != nil {
		return "", err
	}
	if err := r.Config.Destroy(ctx, before); err != nil {
		return "", unavailable(err)
	}
	return "the keys of details before " + dateOf(before) + " are destroyed", nil
}

func dateOf(d uint64) string { return time.Unix(int64(d)*24*3600, 0).UTC().Format(time.DateOnly) }

// unavailable has whoever does proposals try again.
func unavailable(err error) error {
	return problem.Wrap(problem.Unavailable, err, "it could not be done now, and is tried again")
}
