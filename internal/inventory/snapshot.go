// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package inventory

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/aymanbagabas/go-udiff"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/problem"
)

// keptSnapshots is how many of a component are kept beside the intended one.
const keptSnapshots = 200

// Snapshot is what a component ran with at a time.
type Snapshot struct {
	Component string         `json:"component"`
	Number    int64          `json:"number" doc:"from 1, in the order in which they were taken"`
	Source    string         `json:"source" enum:"component,imported" doc:"told by the component, or read from an archive"`
	Taken     time.Time      `json:"taken"`
	Seen      time.Time      `json:"seen" doc:"when the component last said the same"`
	Digest    string         `json:"digest" doc:"SHA-256 of its canonical form"`
	Intended  bool           `json:"intended" doc:"it is the one that was accepted"`
	Content   *Configuration `json:"content,omitempty"`
}

// Configuration is the content of a snapshot.
type Configuration struct {
	Program   string           `json:"program"`
	Version   string           `json:"version"`
	Arguments []string         `json:"arguments"`
	Path      string           `json:"path,omitempty" doc:"of the configuration file"`
	Text      string           `json:"text,omitempty" doc:"of the configuration file"`
	Files     []ConfiguredFile `json:"files" doc:"the configuration file and those that it names"`
}

// ConfiguredFile is a file that a component uses.
type ConfiguredFile struct {
	Path   string    `json:"path"`
	Size   uint64    `json:"size"`
	Digest string    `json:"digest,omitempty" doc:"SHA-256; none where the component could not read it"`
	End    time.Time `json:"end,omitzero" doc:"of the first certificate in it that ends"`
}

// The sources of snapshots.
const (
	fromComponent = "component"
	fromArchive   = "imported"
)

func contentOf(e control.Effective) *Configuration {
	c := &Configuration{Program: e.Program, Version: e.Version, Arguments: append([]string{}, e.Arguments...), Path: e.Path, Text: e.Text, Files: []ConfiguredFile{}}
	for _, f := range e.Files {
		file := ConfiguredFile{Path: f.Path, Size: f.Size, Digest: hex.EncodeToString(f.Digest)}
		if f.End != 0 {
			file.End = time.UnixMilli(f.End)
		}
		c.Files = append(c.Files, file)
	}
	return c
}

func digestOf(e control.Effective) string {
	sum := sha256.Sum256(canon.Must(e))
	return hex.EncodeToString(sum[:])
}

// render is a configuration as text, so that two can be compared line by line.
func render(e control.Effective) string {
	var b strings.Builder
	fmt.Fprintf(&b, "program: %s\nversion: %s\n", e.Program, e.Version)
	for _, a := range e.Arguments {
		fmt.Fprintf(&b, "argument: %s\n", a)
	}
	for _, f := range e.Files {
		digest := hex.EncodeToString(f.Digest)
		if digest == "" {
			digest = "(not read)"
		}
		fmt.Fprintf(&b, "file: %s, %d bytes, SHA-256 %s", f.Path, f.Size, digest)
		if f.End != 0 {
			fmt.Fprintf(&b, ", certificate until %s", time.UnixMilli(f.End).UTC().Format(time.DateOnly))
		}
		b.WriteString("\n")
	}
	if e.Path != "" {
		fmt.Fprintf(&b, "--- %s\n%s", e.Path, e.Text)
		if !strings.HasSuffix(e.Text, "\n") {
			b.WriteString("\n")
		}
	}
	return b.String()
}

// difference is what changes from one configuration to another, as a unified
// difference.
func difference(from, to string, a, b control.Effective) string {
	return udiff.Unified(from, to, render(a), render(b))
}

// keep adds a configuration of a source to a component's snapshots, unless it is the
// same as the last of that source, and gives its number.
func (v *Inventory) keep(ctx context.Context, tx *sql.Tx, e control.Effective, source string, now time.Time) (number int64, err error) {
	var last int64
	var digest string
	err = tx.QueryRowContext(ctx, `SELECT number, digest FROM configurations WHERE component = $1 AND source = $2 ORDER BY number DESC LIMIT 1`,
		e.Component, source).Scan(&last, &digest)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	if err == nil && digest == digestOf(e) {
		_, err := tx.ExecContext(ctx, `UPDATE configurations SET seen = $3 WHERE component = $1 AND number = $2`, e.Component, last, now.UnixMilli())
		return last, err
	}
	err = tx.QueryRowContext(ctx, `SELECT COALESCE(MAX(number), 0) + 1 FROM configurations WHERE component = $1`, e.Component).Scan(&number)
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO configurations (component, number, source, taken, seen, digest, data) VALUES ($1, $2, $3, $4, $4, $5, $6)`,
		e.Component, number, source, now.UnixMilli(), digestOf(e), canon.Must(e))
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM configurations WHERE component = $1 AND number <= $2
		AND number NOT IN (SELECT intended FROM configuration_states WHERE component = $1)`, e.Component, number-keptSnapshots)
	return number, err
}

// querier is the database, or a transaction in it.
type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// effective reads a snapshot's configuration; number 0 is the last one that the
// component has told.
func (v *Inventory) effective(ctx context.Context, q querier, component string, number int64) (control.Effective, int64, error) {
	var data []byte
	row := q.QueryRowContext(ctx, `SELECT number, data FROM configurations
		WHERE component = $1 AND (number = $2 OR $2 = 0 AND source = 'component') ORDER BY number DESC LIMIT 1`, component, number)
	if err := row.Scan(&number, &data); errors.Is(err, sql.ErrNoRows) {
		return control.Effective{}, 0, problem.New(problem.Unknown, "there is no such configuration of %q", component)
	} else if err != nil {
		return control.Effective{}, 0, fmt.Errorf("read a configuration: %w", err)
	}
	e, err := control.DecodeEffective(data)
	return e, number, err
}

// Snapshot gives one snapshot with its content; number 0 is the last that the component
// has told.
func (v *Inventory) Snapshot(ctx context.Context, component string, number int64) (Snapshot, error) {
	e, number, err := v.effective(ctx, v.db, component, number)
	if err != nil {
		return Snapshot{}, err
	}
	list, _, err := v.History(ctx, component, number+1, 1)
	if err != nil || len(list) == 0 {
		return Snapshot{}, errors.Join(problem.New(problem.Unknown, "there is no configuration %d of %q", number, component), err)
	}
	list[0].Content = contentOf(e)
	return list[0], nil
}

// History lists the snapshots of a component before a number (0: all) without their
// content, the latest first. next is where to go on, 0 at the end.
func (v *Inventory) History(ctx context.Context, component string, before int64, limit int) (list []Snapshot, next int64, err error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	rows, err := v.db.QueryContext(ctx, `SELECT c.number, c.source, c.taken, c.seen, c.digest, CASE WHEN s.intended = c.number THEN 1 ELSE 0 END
		FROM configurations c LEFT JOIN configuration_states s ON s.component = c.component
		WHERE c.component = $1 AND c.number < $2 ORDER BY c.number DESC LIMIT $3`, component, before, limit+1)
	if err != nil {
		return nil, 0, fmt.Errorf("read the history of a configuration: %w", err)
	}
	defer rows.Close()
	list = []Snapshot{}
	for rows.Next() {
		s := Snapshot{Component: component}
		var taken, seen, intended int64
		if err := rows.Scan(&s.Number, &s.Source, &taken, &seen, &s.Digest, &intended); err != nil {
			return nil, 0, err
		}
		s.Taken, s.Seen, s.Intended = time.UnixMilli(taken), time.UnixMilli(seen), intended == 1
		list = append(list, s)
	}
	if len(list) > limit {
		list = list[:limit]
		next = list[limit-1].Number
	}
	return list, next, rows.Err()
}

// Difference is what changes from one snapshot to another; 0 is the intended one on
// the left, the last that the component has told on the right.
func (v *Inventory) Difference(ctx context.Context, component string, from, to int64) (string, error) {
	if from == 0 {
		s, err := v.state(ctx, v.db, component)
		if err != nil {
			return "", err
		}
		if from = s.Intended; from == 0 {
			return "", problem.New(problem.Conflict, "no configuration of %q was accepted yet: name two by number, or accept one", component)
		}
	}
	a, _, err := v.effective(ctx, v.db, component, from)
	if err != nil {
		return "", err
	}
	b, to, err := v.effective(ctx, v.db, component, to)
	if err != nil {
		return "", err
	}
	return difference(nameOf(component, from), nameOf(component, to), a, b), nil
}

func nameOf(component string, number int64) string {
	return fmt.Sprintf("%s, configuration %d", component, number)
}
