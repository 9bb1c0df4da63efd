// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// maxRows is the most rows of a file; Excel takes no more.
const maxRows = 1_000_000

// Log is a log whose entries are exported.
type Log struct {
	Origin string
	Next   uint64 // index that its next entry will have
}

// Config is what exports are made of.
type Config struct {
	Logs     func() []Log                                                      // that there are
	Read     func(origin string, from uint64, max int) ([]audit.Record, error) // records of a log, as audit.Mirror.Read
	MayLeave func(class audit.Class, verdict string, ms int64) bool            // whether an entry is exported at all
	Dir      string                                                            // the files that settings name are in it
	Version  string                                                            // of this program
	Record   func(audit.Entry) audit.Ticket
	Tell     func(topic, id string)
	Now      func() time.Time
	Log      *slog.Logger
}

// Exports sends entries to receivers, and writes files of them.
type Exports struct {
	Config
	db   *store.DB
	wake chan struct{} // holds a token when the receivers were changed

	mu     sync.Mutex
	states map[string]*state // of senders, by target
}

// state is what a sender says of itself.
type state struct {
	connected bool
	last      string
	failure   string
}

// Open opens the exports whose receivers are in a database.
func Open(db *store.DB, c Config) *Exports {
	return &Exports{Config: c, db: db, wake: make(chan struct{}, 1), states: map[string]*state{}}
}

// errEnough ends a file that has as many rows as it may have.
var errEnough = errors.New("enough")

// File writes the entries that find gives its function, at most limit rows (0 for as many
// as there may be), and tells how many there were and whether there are more.
func (x *Exports) File(to io.Writer, f Form, limit int64, find func(fn func(*Entry) error) error) (rows int64, more bool, err error) {
	if limit < 1 || limit > maxRows {
		limit = maxRows
	}
	w, err := NewWriter(to, f, x.Version)
	if err != nil {
		return 0, false, err
	}
	err = find(func(e *Entry) error {
		if !x.MayLeave(e.Class, e.Verdict, e.Time) {
			return nil
		}
		if rows == limit {
			return errEnough
		}
		rows++
		return w.Write(e)
	})
	if more = errors.Is(err, errEnough); more {
		err = nil
	}
	return rows, more, errors.Join(err, w.End())
}

// changed has Run look at the receivers again.
func (x *Exports) changed(id string) {
	select {
	case x.wake <- struct{}{}:
	default:
	}
	x.Tell("exports", id)
}

// note changes what a sender says of itself.
func (x *Exports) note(id string, fn func(*state)) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.states[id]
	if s == nil {
		s = &state{}
		x.states[id] = s
	}
	fn(s)
}

// Tried is what became of a test.
type Tried struct {
	Bytes   string `json:"bytes" doc:"exactly what was sent, or would have been"`
	Sent    bool   `json:"sent" doc:"the receiver's TLS took it; syslog has no receipts, look there"`
	TLS     string `json:"tls,omitempty" doc:"version and suite that were agreed on"`
	Peer    string `json:"peer,omitempty" doc:"subject of the receiver's certificate"`
	Failure string `json:"failure,omitempty" doc:"why it could not be sent"`
}

// Test sends one message, which says that it is a test, to a receiver.
func (x *Exports) Test(ctx context.Context, id string) (Tried, error) {
	t, err := x.Get(ctx, id)
	if err != nil {
		return Tried{}, err
	}
	e := Entry{Origin: audit.Origin("center"), Time: x.Now().UnixMilli(), Class: audit.ClassHealth, Verdict: "info", Action: "test", Object: "试验 a test of this export"}
	message, err := e.message(t.Form, x.Version, 1)
	if err != nil {
		return Tried{}, err
	}
	bytes := frame(t.Framing, message)
	tried := Tried{Bytes: string(bytes)}
	c, err := x.dial(ctx, &t.Settings)
	if err == nil {
		tried.TLS, tried.Peer = c.agreed()
		err = errors.Join(c.write(bytes), c.close())
	}
	if err != nil {
		tried.Failure = err.Error()
		return tried, nil //nolint:nilerr // that it fails is the answer
	}
	tried.Sent = true
	return tried, nil
}

// errUnknown is told of a target that is not there.
func errUnknown() error { return problem.New(problem.Unknown, "there is no such receiver") }
