// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// setting is the row of the settings.
const setting = "report"

// Settings reads the settings; before anybody has changed them there is no unit, and
// times are those of China.
func (r *Reports) Settings(ctx context.Context) (Settings, error) {
	s := Settings{Zone: "Asia/Shanghai"}
	var text string
	err := r.db.QueryRowContext(ctx, `SELECT value, revision FROM settings WHERE name = $1`, setting).Scan(&text, &s.Revision)
	if errors.Is(err, sql.ErrNoRows) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	revision := s.Revision
	err = json.Unmarshal([]byte(text), &s)
	s.Revision = revision
	return s, err
}

// SetSettings changes the settings, if they are of a revision.
func (r *Reports) SetSettings(ctx context.Context, s Settings, revision int64) (Settings, error) {
	if err := s.check(); err != nil {
		return s, err
	}
	s.Revision = 0
	text, err := json.Marshal(s)
	if err != nil {
		return s, err
	}
	err = r.db.Tx(ctx, func(tx *sql.Tx) error {
		var has int64
		err := tx.QueryRowContext(ctx, `SELECT revision FROM settings WHERE name = $1`, setting).Scan(&has)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if has != revision {
			return problem.New(problem.Stale, "the settings were changed meanwhile: read them again")
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO settings (name, value, revision) VALUES ($1, $2, $3)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value, revision = excluded.revision`, setting, string(text), has+1)
		return err
	})
	if err != nil {
		return s, err
	}
	r.Tell("reports", "")
	return r.Settings(ctx)
}

// AddSchedule adds a schedule, whose first report is the next one due.
func (r *Reports) AddSchedule(ctx context.Context, who account.Caller, s Schedule) (Schedule, error) {
	if err := s.check(); err != nil {
		return s, err
	}
	settings, err := r.Settings(ctx)
	if err != nil {
		return s, err
	}
	zone, err := time.LoadLocation(settings.Zone)
	if err != nil {
		return s, err
	}
	now := r.Now()
	s.ID, s.MadeBy, s.Next, s.Failure = newID(now), who.Name, s.after(now, zone).UTC(), ""
	err = r.db.Tx(ctx, func(tx *sql.Tx) error {
		var many int
		if err := tx.QueryRowContext(ctx, `SELECT COUNT(*) FROM report_schedules`).Scan(&many); err != nil {
			return err
		}
		if many >= MaxPlans {
			return problem.New(problem.Conflict, "there are %d schedules already", many)
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO report_schedules (id, every, hour, language, made_by, next, failure) VALUES ($1, $2, $3, $4, $5, $6, '')`,
			s.ID, string(s.Every), s.Hour, string(s.Language), s.MadeBy, s.Next.UnixMilli())
		return err
	})
	if err != nil {
		return s, err
	}
	r.Tell("reports", "")
	return s, nil
}

// EndSchedule ends a schedule; its reports stay.
func (r *Reports) EndSchedule(ctx context.Context, id string) error {
	done, err := r.db.ExecContext(ctx, `DELETE FROM report_schedules WHERE id = $1`, id)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, problem.New(problem.Unknown, "there is no such schedule"))
	}
	r.Tell("reports", "")
	return nil
}

const scheduleColumns = `id, every, hour, language, made_by, next, failure`

// Schedules are all schedules, the oldest first.
func (r *Reports) Schedules(ctx context.Context) ([]Schedule, error) {
	return r.schedules(ctx, `SELECT `+scheduleColumns+` FROM report_schedules ORDER BY id`)
}

func (r *Reports) due(ctx context.Context, now time.Time) ([]Schedule, error) {
	return r.schedules(ctx, `SELECT `+scheduleColumns+` FROM report_schedules WHERE next <= $1 ORDER BY next, id`, now.UnixMilli())
}

func (r *Reports) schedules(ctx context.Context, query string, args ...any) ([]Schedule, error) {
	rows, err := r.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []Schedule{}
	for rows.Next() {
		var s Schedule
		var next int64
		if err := rows.Scan(&s.ID, &s.Every, &s.Hour, &s.Language, &s.MadeBy, &next, &s.Failure); err != nil {
			return nil, err
		}
		s.Next = time.UnixMilli(next).UTC()
		list = append(list, s)
	}
	return list, rows.Err()
}

func (r *Reports) fail(ctx context.Context, s Schedule, why string) error {
	if why == "" {
		why = "it failed; the center's log says why"
	}
	_, err := r.db.ExecContext(ctx, `UPDATE report_schedules SET failure = $2 WHERE id = $1`, s.ID, why)
	return err
}

func (r *Reports) goOn(ctx context.Context, s Schedule, next time.Time) error {
	_, err := r.db.ExecContext(ctx, `UPDATE report_schedules SET next = $3, failure = '' WHERE id = $1 AND next = $2`, s.ID, s.Next.UnixMilli(), next.UnixMilli())
	return err
}

func (r *Reports) keep(ctx context.Context, made *Report, f files) error {
	return r.db.Tx(ctx, func(tx *sql.Tx) error { return insert(ctx, tx, made, f) })
}

// keepOf keeps the report of a schedule, unless another has been kept for it.
func (r *Reports) keepOf(ctx context.Context, s Schedule, next time.Time, made *Report, f files) error {
	return r.db.Tx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE report_schedules SET next = $3, failure = '' WHERE id = $1 AND next = $2`, s.ID, s.Next.UnixMilli(), next.UnixMilli())
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err // it was ended meanwhile
		}
		return insert(ctx, tx, made, f)
	})
}

func insert(ctx context.Context, tx *sql.Tx, made *Report, f files) error {
	if f.pdf == nil {
		f.pdf = []byte{}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO reports (id, schedule, language, from_ms, to_ms, made, made_by, unit, html, html_sha256, pdf, pdf_sha256, pdf_lacks)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		made.ID, made.Schedule, string(made.Language), made.From.UnixMilli(), made.To.UnixMilli(), made.Made.UnixMilli(), made.MadeBy, made.Unit,
		f.html, made.HTML, f.pdf, made.PDF, made.Lacks)
	return err
}

func (r *Reports) forget(ctx context.Context, before time.Time) error {
	_, err := r.db.ExecContext(ctx, `DELETE FROM reports WHERE made < $1`, before.UnixMilli())
	return err
}

const columns = `id, schedule, language, from_ms, to_ms, made, made_by, unit, html_sha256, pdf_sha256, pdf_lacks`

func scan(row store.Row) (Report, error) {
	var m Report
	var from, to, made int64
	err := row.Scan(&m.ID, &m.Schedule, &m.Language, &from, &to, &made, &m.MadeBy, &m.Unit, &m.HTML, &m.PDF, &m.Lacks)
	m.From, m.To, m.Made = time.UnixMilli(from).UTC(), time.UnixMilli(to).UTC(), time.UnixMilli(made).UTC()
	m.Ends = m.Made.Add(Kept)
	if errors.Is(err, sql.ErrNoRows) {
		err = problem.New(problem.Unknown, "there is no such report, or its time is over")
	}
	return m, err
}

// Get reads what is known of a report.
func (r *Reports) Get(ctx context.Context, id string) (Report, error) {
	return scan(r.db.QueryRowContext(ctx, `SELECT `+columns+` FROM reports WHERE id = $1`, id))
}

// List lists reports, the newest first, and tells where the next page begins; "" for the
// last.
func (r *Reports) List(ctx context.Context, after string, limit int) ([]Report, string, error) {
	if limit < 1 || limit > MaxPage {
		limit = 50
	}
	if after == "" {
		after = "g" // behind all hexadecimal digits
	}
	rows, err := r.db.QueryContext(ctx, `SELECT `+columns+` FROM reports WHERE id < $1 ORDER BY id DESC LIMIT `+strconv.Itoa(limit+1), after)
	if err != nil {
		return nil, "", err
	}
	defer rows.Close()
	list := []Report{}
	for rows.Next() {
		m, err := scan(rows)
		if err != nil {
			return nil, "", err
		}
		list = append(list, m)
	}
	if len(list) > limit {
		return list[:limit], list[limit-1].ID, rows.Err()
	}
	return list, "", rows.Err()
}

// File reads a file of a report: its form is html or pdf. A file that is not the one
// whose SHA-256 was recorded is refused.
func (r *Reports) File(ctx context.Context, id, form string) ([]byte, error) {
	made, err := r.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	column, sum := "html", made.HTML
	if form == "pdf" {
		column, sum = "pdf", made.PDF
	}
	if sum == "" {
		return nil, problem.New(problem.Unknown, "this report has no PDF file: %s", made.Lacks)
	}
	var file []byte
	if err := r.db.QueryRowContext(ctx, `SELECT `+column+` FROM reports WHERE id = $1`, id).Scan(&file); err != nil {
		return nil, err
	}
	if digest(file) != sum {
		return nil, problem.New(problem.Internal, "the file in the database is not the one that was recorded: its SHA-256 differs")
	}
	return file, nil
}
