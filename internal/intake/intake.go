// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package intake takes in what the graded systems themselves record: by syslog over TLS
// from senders whose certificates are registered, and as lines of JSON from senders with
// a token. What comes is kept in the center's own log as class "foreign", as it came:
// proven and found like everything else. Dukou vouches for when it came and from whom,
// and for nothing that it says.
package intake

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// Limits of what is taken in.
const (
	MaxSources  = 500
	MaxRate     = 5000 // entries a second of a source
	UsualRate   = 100
	MaxText     = 16 << 10 // bytes of one entry; what is longer is cut, or refused as JSON
	MaxLines    = 1000     // of one call
	maxConns    = 256
	connsOfOne  = 8
	quietFor    = 15 * time.Minute // a sender that says nothing for longer connects anew
	maxOversize = 1 << 20          // a frame that says that it is longer ends the connection
)

// Kind is how a source sends.
type Kind string

// The kinds.
const (
	Syslog Kind = "syslog" // RFC 5424 or RFC 3164 over TLS with a client certificate
	JSON   Kind = "json"   // lines of JSON, posted with a token
)

// Settings are what an administrator says of a source.
type Settings struct {
	Name        string `json:"name" pattern:"^[a-z0-9][a-z0-9-]{0,39}$" doc:"lower-case letters, digits and hyphens"`
	Zone        string `json:"zone" pattern:"^[a-z0-9][a-z0-9-]{0,39}$" doc:"the graded system that it belongs to"`
	Kind        Kind   `json:"kind" enum:"syslog,json"`
	Fingerprint string `json:"fingerprint,omitempty" maxLength:"95" doc:"of a syslog sender: SHA-256 of its certificate, as openssl x509 -fingerprint -sha256 prints it"`
	Rate        int    `json:"rate,omitempty" minimum:"1" maximum:"5000" doc:"entries a second at the most; 100 when left out"`
}

// Source is a registered sender and how it stands.
type Source struct {
	ID string `json:"id"`
	Settings
	On        bool      `json:"on"`
	Revision  int64     `json:"revision"`
	Taken     int64     `json:"taken" doc:"entries"`
	Refused   int64     `json:"refused" doc:"calls and entries that were not taken"`
	Last      time.Time `json:"last,omitzero"`
	Connected int       `json:"connected" doc:"connections of a syslog sender"`
}

// Config is what an intake is made of.
type Config struct {
	Record      func(audit.Entry) audit.Ticket
	Listener    net.Listener    // for syslog, without TLS; nil for none
	Certificate tls.Certificate // of the center, for it
	Tell        func(topic, id string)
	Now         func() time.Time
	Log         *slog.Logger
}

// Intake takes in what sources send.
type Intake struct {
	Config
	db *store.DB

	mu        sync.Mutex
	limits    map[string]*rate.Limiter // by id of the source
	counts    map[string]*count        // since they were written last
	conns     map[string]map[net.Conn]bool
	strangers time.Time // when one was recorded last
}

type count struct{ taken, refused, last int64 }

// Open opens the intake whose sources are in a database.
func Open(db *store.DB, c Config) *Intake {
	return &Intake{Config: c, db: db, limits: map[string]*rate.Limiter{}, counts: map[string]*count{}, conns: map[string]map[net.Conn]bool{}}
}

// Detail is the detail of a foreign entry.
type Detail struct {
	Zone     string `cbor:"zone"`
	From     string `cbor:"from"`     // address
	Format   string `cbor:"format"`   // rfc5424, rfc3164, text or json
	Time     int64  `cbor:"time"`     // that the sender gives, Unix milliseconds; 0 for none
	Host     string `cbor:"host"`     // that the sender gives
	Severity string `cbor:"severity"` // that the sender gives
	Text     string `cbor:"text"`     // as it came, but for bytes that are no UTF-8
	Cut      bool   `cbor:"cut"`      // there was more
}

// told is one entry of a sender, read as far as it can be.
type told struct {
	Detail
	app, summary string
}

// entry is an entry of the center's log.
func (s *Source) entry(t told) audit.Entry {
	t.Zone = s.Zone
	return audit.Entry{
		Class: audit.ClassForeign, Subject: "source/" + s.Name, Action: line(t.app, 64), Object: line(t.summary, audit.MaxString),
		Verdict: "info", Reason: line(t.Severity, 32), Detail: canon.Must(t.Detail),
	}
}

// line makes one line of what a sender chose, of at most so many bytes.
func line(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	s = strings.TrimSpace(s)
	for len(s) > most {
		s = strings.ToValidUTF8(s[:most], "")
	}
	return s
}

// limit is how fast a source may send; one that is changed begins anew.
func (i *Intake) limit(s *Source) *rate.Limiter {
	i.mu.Lock()
	defer i.mu.Unlock()
	l := i.limits[s.ID]
	if l == nil || l.Limit() != rate.Limit(s.Rate) {
		l = rate.NewLimiter(rate.Limit(s.Rate), max(s.Rate, MaxLines))
		i.limits[s.ID] = l
	}
	return l
}

// counted adds to what a source has sent.
func (i *Intake) counted(id string, taken, refused int64) {
	i.mu.Lock()
	defer i.mu.Unlock()
	c := i.counts[id]
	if c == nil {
		c = &count{}
		i.counts[id] = c
	}
	c.taken, c.refused, c.last = c.taken+taken, c.refused+refused, i.Now().UnixMilli()
}

// nameForm is what sources and zones may be called.
var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`) //nolint:gochecknoglobals // compiled once, never changed

// check refuses settings that cannot be meant, and brings them into one form.
func (s *Settings) check() error {
	if s.Rate == 0 {
		s.Rate = UsualRate
	}
	s.Fingerprint = strings.ToLower(strings.ReplaceAll(s.Fingerprint, ":", ""))
	sum, err := hex.DecodeString(s.Fingerprint)
	switch {
	case !nameForm.MatchString(s.Name):
		return invalid("name", problem.PlainName(40))
	case !nameForm.MatchString(s.Zone):
		return invalid("zone", problem.PlainName(40))
	case s.Rate < 1 || s.Rate > MaxRate:
		return invalid("rate", problem.Between(problem.Number, 1, MaxRate))
	case s.Kind == Syslog && (err != nil || len(sum) != sha256.Size):
		return invalid("fingerprint", problem.Hex(2*sha256.Size))
	case s.Kind == JSON && s.Fingerprint != "":
		return invalid("fingerprint", problem.Because(problem.NotHere, "a sender of JSON has a token"))
	case s.Kind != Syslog && s.Kind != JSON:
		return invalid("kind", problem.OneOf("syslog", "json"))
	default:
		return nil
	}
}

func invalid(field string, why problem.Why) error {
	return &problem.Error{Code: problem.Invalid, Detail: "the source is not described completely", Fields: []problem.Field{why.At(field)}}
}

// Run takes in syslog and writes the counts, until ctx ends.
func (i *Intake) Run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	all.Go(func() { i.keepCounts(ctx) })
	if i.Listener == nil {
		<-ctx.Done()
		return nil
	}
	return i.accept(ctx)
}

// keepCounts writes the counts now and then, and at the end.
func (i *Intake) keepCounts(ctx context.Context) {
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		if err := i.flush(context.WithoutCancel(ctx)); err != nil {
			i.Log.Error("intake", "error", err)
		}
	}
}
