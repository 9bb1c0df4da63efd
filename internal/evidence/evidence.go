// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package evidence finds audit entries. It keeps an index of all logs that the center
// holds: its own, and the copies of every other process's. The logs are the truth and
// the index is a view of them: only entries that a signed checkpoint covers are in it,
// so each can be shown with its proof, and when it is deleted it comes back from them.
//
// What entries repeat (log, class, flow, action, verdict, reason and what their label
// says) is kept once, as a [kind]; subjects, objects and addresses are kept once as
// words. A row is then a few numbers, and how many of each kind there were in each hour
// is counted beside. Every search goes back in time from its end, looks at a bounded
// number of rows, and says how far back it has looked.
package evidence

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/vault"
)

// Log is one log that is here: a journal of the center's own, or the copy of another's.
type Log struct {
	Origin string // as audit.Origin names it
	Dir    string
}

// Config is what an index is made of. Only Logs is needed.
type Config struct {
	// Logs are all logs that are here now; a log stays known when it is no more named.
	Logs func() []Log
	// Keep tells whether entries of a class, verdict and time (Unix milliseconds) are indexed; nil
	// keeps all. It is never asked about decisions, policy and administrators' acts while
	// they are younger than MinKeep.
	Keep func(class audit.Class, verdict string, at int64) bool
	// DetailKey gives the key that a log's details are sealed with. Whoever is behind it
	// records that. nil: details stay sealed.
	DetailKey func(ctx context.Context, origin string, id audit.KeyID) (vault.Key, error)
	// Witnessed gives the latest checkpoint of a log that a witness has cosigned, nil for
	// none; proofs are under it where it covers the entry.
	Witnessed func(origin string) []byte
	// Own opens details of the center's own entries, for the address that an
	// administrator's act came from, and those sealed with the key of its disk; nil:
	// addresses are not indexed.
	Own func(*audit.Content) error
	Log *slog.Logger     // nil means none
	Now func() time.Time // nil means time.Now
}

// MinKeep is for how long entries that nobody may switch off are indexed at the least.
const MinKeep = 60 * 24 * time.Hour

// Index finds audit entries.
type Index struct {
	db   *store.DB
	c    Config
	grew func(bool)    // see OnGrowth
	wake chan struct{} // holds a token when logs may have grown
	most bounds

	writing sync.Mutex // held by who changes the tables
	words   wordCache  // of who holds writing
	readers map[string]*logReader

	mu     sync.RWMutex // over what follows, which searches read
	kinds  kinds
	logs   map[string]*logState // by origin
	names  map[int64]string     // origins by number
	texts  textCache
	failed map[string]string // by origin: why it cannot be read
}

// bounds are what one search, and one log, may take up.
type bounds struct {
	rows  int           // looked at by one search
	time  time.Duration // of one search
	kinds int           // of one log
	prune int64         // rows that one transaction removes
}

// logState is how far a log is indexed.
type logState struct {
	number int64
	next   uint64 // index of the first entry that is not in the tables
}

// Open opens the index in a database. Its tables are made anew when they are not there
// or of another layout; Run fills them.
func Open(ctx context.Context, db *store.DB, c Config) (*Index, error) {
	if c.Logs == nil {
		return nil, errors.New("evidence: an index of no logs")
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	x := &Index{db: db, c: c, wake: make(chan struct{}, 1), most: bounds{searchRows, searchTime, maxKinds, prunedAtOnce}, readers: map[string]*logReader{}, failed: map[string]string{}}
	x.writing.Lock()
	defer x.writing.Unlock()
	if err := x.makeTables(ctx); err != nil {
		return nil, fmt.Errorf("tables of the audit index: %w", err)
	}
	return x, x.load(ctx)
}

// OnGrowth has fn called when entries were added, and told whether some are of parcels. It
// is called before Run, and fn must not wait.
func (x *Index) OnGrowth(fn func(parcels bool)) { x.grew = fn }

// Wake has Run look at the logs at once. It never waits.
func (x *Index) Wake() {
	select {
	case x.wake <- struct{}{}:
	default:
	}
}

// LogStatus is how far a log is indexed.
type LogStatus struct {
	Log     string `json:"log" doc:"the component whose log it is"`
	Indexed uint64 `json:"indexed" doc:"entries that searches find"`
	Signed  uint64 `json:"signed" doc:"entries that the latest checkpoint here covers"`
	Error   string `json:"error,omitempty" doc:"why it cannot be read"`
}

// Status tells how far each log is indexed.
func (x *Index) Status() []LogStatus {
	var list []LogStatus
	for _, l := range sortedLogs(x.c.Logs()) {
		s := LogStatus{Log: component(l.Origin)}
		signed, err := signedSize(l.Dir)
		x.mu.RLock()
		if state := x.logs[l.Origin]; state != nil {
			s.Indexed = state.next
		}
		s.Error = x.failed[l.Origin]
		x.mu.RUnlock()
		if s.Signed = signed; err != nil {
			s.Error = "its checkpoint cannot be read"
		}
		list = append(list, s)
	}
	return list
}
