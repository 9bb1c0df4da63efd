// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package report makes the audit reports that auditors hand on: of a day, a week, a
// month or any period, in Chinese or English, as one HTML file that needs nothing else
// and as PDF. What is counted is handed in ([Config.Numbers]). The SHA-256 of each file
// is in the audit log before anybody can read the file.
package report

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// Limits.
const (
	Kept       = 190 * 24 * time.Hour // how long a report is kept
	MaxPeriod  = 400 * 24 * time.Hour
	MaxFile    = 16 << 20 // bytes of one form
	MaxUnit    = 100      // characters
	MaxPlans   = 20       // schedules
	MaxPage    = 500
	lookEvery  = 30 * time.Second
	makingTime = 5 * time.Minute
)

// Report is what is known of one; its files are read by [Reports.File].
type Report struct {
	ID       string    `json:"id"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to" doc:"not included"`
	Language Language  `json:"language" enum:"zh,en"`
	Unit     string    `json:"unit" doc:"name of the organisation"`
	Made     time.Time `json:"made"`
	MadeBy   string    `json:"madeBy" doc:"name of the account, or center for a schedule's"`
	Schedule string    `json:"schedule,omitempty" doc:"id of the schedule that it was made by"`
	Ends     time.Time `json:"ends" doc:"when it is deleted"`
	HTML     string    `json:"html" doc:"SHA-256 of the HTML file, as the audit log has it"`
	PDF      string    `json:"pdf,omitempty" doc:"SHA-256 of the PDF file"`
	Lacks    string    `json:"pdfLacks,omitempty" doc:"why there is no PDF file"`
}

// Settings are those of all reports.
type Settings struct {
	Unit     string `json:"unit" maxLength:"100" doc:"name of the organisation, on every report"`
	Zone     string `json:"zone" maxLength:"64" doc:"of all times in reports, as Asia/Shanghai" example:"Asia/Shanghai"`
	Revision int64  `json:"revision" readOnly:"true"`
}

// Config is what reports are made of.
type Config struct {
	Numbers func(ctx context.Context, from, to time.Time) (Numbers, error)
	Font    []byte // TrueType with Chinese, see checkFont; nil: PDF files in Latin letters only
	Record  func(audit.Entry) audit.Ticket
	Tell    func(topic, id string)
	Now     func() time.Time
	Log     *slog.Logger
}

// Reports are those of an installation.
type Reports struct {
	Config
	db *store.DB
}

// Open opens the reports in a database.
func Open(db *store.DB, c Config) (*Reports, error) {
	if c.Font != nil {
		if err := checkFont(c.Font); err != nil {
			return nil, fmt.Errorf("the font of reports: %w", err)
		}
	}
	return &Reports{c, db}, nil
}

// Make makes a report of a period for somebody.
func (r *Reports) Make(ctx context.Context, who account.Caller, from, to time.Time, l Language) (Report, error) {
	if err := l.check(); err != nil {
		return Report{}, err
	}
	if !from.Before(to) || to.Sub(from) > MaxPeriod || to.After(r.Now()) {
		return Report{}, problem.New(problem.Invalid, "a report is about a time that is over, of at most %d days", int(MaxPeriod.Hours()/24))
	}
	made, files, err := r.render(ctx, who.Name, from, to, l)
	if err != nil {
		return Report{}, err
	}
	if err := r.recordFiles(who.Principal(), &made); err != nil {
		return Report{}, err
	}
	if err := r.keep(ctx, &made, files); err != nil {
		return Report{}, err
	}
	r.Tell("reports", made.ID)
	return made, nil
}

// files are the forms of one report.
type files struct{ html, pdf []byte }

func (r *Reports) render(ctx context.Context, by string, from, to time.Time, l Language) (Report, files, error) {
	settings, err := r.Settings(ctx)
	if err != nil {
		return Report{}, files{}, err
	}
	zone, err := time.LoadLocation(settings.Zone)
	if err != nil {
		return Report{}, files{}, err
	}
	counting, cancel := context.WithTimeout(ctx, makingTime)
	defer cancel()
	numbers, err := r.Numbers(counting, from, to)
	if err != nil {
		return Report{}, files{}, fmt.Errorf("count what the report tells: %w", err)
	}
	now := r.Now().Truncate(time.Millisecond)
	made := Report{
		ID: newID(now), From: from.UTC(), To: to.UTC(), Language: l, Unit: settings.Unit, Made: now.UTC(), MadeBy: by, Ends: now.Add(Kept).UTC(),
	}
	d := compose(heading{ID: made.ID, Unit: settings.Unit, By: by, From: from, To: to, Made: now, Zone: zone, Language: l}, &numbers)
	f, err := d.forms(r.Font, now)
	if err != nil {
		return Report{}, files{}, err
	}
	made.HTML = digest(f.html)
	if f.pdf == nil {
		made.Lacks = errNoFont.Error()
	} else {
		made.PDF = digest(f.pdf)
	}
	return made, f, nil
}

// forms makes both files; without a font that has its letters there is no PDF.
func (d *document) forms(font []byte, made time.Time) (f files, err error) {
	if f.html, err = d.html(); err != nil {
		return f, err
	}
	f.pdf, err = d.pdf(font, made)
	if errors.Is(err, errNoFont) {
		err = nil
	}
	if err == nil && max(len(f.html), len(f.pdf)) > MaxFile {
		err = problem.New(problem.TooLarge, "the report has %d bytes: choose a shorter period", max(len(f.html), len(f.pdf)))
	}
	return f, err
}

// recordFiles records what the files are, where it outlives the keys of details: in the
// entries themselves.
func (r *Reports) recordFiles(who string, made *Report) error {
	tickets := []audit.Ticket{r.Record(made.entry(who, "html", made.HTML))}
	if made.PDF != "" {
		tickets = append(tickets, r.Record(made.entry(who, "pdf", made.PDF)))
	}
	for _, t := range tickets {
		if err := t.Wait(); err != nil {
			return problem.Wrap(problem.Unavailable, err, "the report cannot be recorded, so it is not made")
		}
	}
	return nil
}

func (made *Report) entry(who, form, sum string) audit.Entry {
	return audit.Entry{
		Class: audit.ClassAdmin, Subject: who, Action: "keep-report", Verdict: "allow",
		Object: "report/" + made.ID + "/" + form + "/sha256/" + sum,
	}
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// check refuses what cannot stand on a report.
func (s *Settings) check() error {
	if utf8.RuneCountInString(s.Unit) > MaxUnit || clean(s.Unit) != s.Unit {
		return problem.New(problem.Invalid, "the name of the organisation has at most %d characters, in one line", MaxUnit)
	}
	if s.Zone == "" || s.Zone == "Local" || strings.Contains(s.Zone, "..") {
		return problem.New(problem.Invalid, "name a zone, as Asia/Shanghai or UTC")
	}
	if _, err := time.LoadLocation(s.Zone); err != nil {
		return problem.New(problem.Invalid, "there is no zone %q; one is Asia/Shanghai", s.Zone)
	}
	return nil
}

// Run makes the reports of the schedules and deletes those that have ended, until ctx
// ends.
func (r *Reports) Run(ctx context.Context) error {
	for {
		if err := r.Turn(ctx); err != nil && ctx.Err() == nil {
			r.Log.Error("reports", "error", err)
		}
		if !daemon.Rest(ctx, lookEvery) {
			return nil
		}
	}
}

// Turn makes what is due now. A report that fails is tried again at the next turn, and
// holds up no other.
func (r *Reports) Turn(ctx context.Context) error {
	if err := r.forget(ctx, r.Now().Add(-Kept)); err != nil {
		return err
	}
	due, err := r.due(ctx, r.Now())
	if err != nil {
		return err
	}
	for _, s := range due {
		if err := r.follow(ctx, s); err != nil && ctx.Err() == nil {
			r.Log.Error("report of a schedule", "schedule", s.ID, "error", err)
			if err := r.fail(ctx, s, problem.Of(err).Detail); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// follow makes the report that a schedule wants next. That it is made and that the
// schedule goes on is one change: after a crash it is made again or not at all.
func (r *Reports) follow(ctx context.Context, s Schedule) error {
	settings, err := r.Settings(ctx)
	if err != nil {
		return err
	}
	zone, err := time.LoadLocation(settings.Zone)
	if err != nil {
		return err
	}
	from, to := s.period(s.Next, zone)
	next := s.after(s.Next, zone)
	if from.Before(r.Now().Add(-Kept)) { // the center was away for long
		return r.goOn(ctx, s, next)
	}
	made, f, err := r.render(ctx, "center", from, to, s.Language)
	if err != nil {
		return err
	}
	made.Schedule = s.ID
	if err := r.recordFiles("center", &made); err != nil {
		return err
	}
	if err := r.keepOf(ctx, s, next, &made, f); err != nil {
		return err
	}
	r.Tell("reports", made.ID)
	return nil
}

// newID is a name that nobody has used, and that sorts by time.
func newID(now time.Time) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%012x", now.UnixMilli()) + hex.EncodeToString(b[:10])
}
