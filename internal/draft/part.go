// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/policy/source"
	"dukou.dev/dukou/internal/problem"
)

// PartDocument is the kind of a signed part (docs/formats/bundle.md).
const PartDocument envelope.Type = "dukou policy part 1"

// MaxPart bounds a signed part, in bytes.
const MaxPart = MaxFile + 4<<10

// partVersion is the only version of a part.
const partVersion = 1

// Part is what another system's management center says of its own subjects and objects:
// all of them, instead of those of its part before. It is encoded as a list.
type Part struct {
	_       struct{} `cbor:",toarray"`
	Version uint8    // 1
	Guard   string   // of the installation that it is for
	Partner string   // who says it
	Serial  uint64   // above that of every part before
	Text    string   // a file of policy with the keys subjects, objects
}

// partPath is the file of a draft that a partner's part is.
func partPath(partner string) string { return "partners/" + partner + ".yaml" }

// limiter turns away when too much was refused within a minute.
type limiter struct {
	mu    sync.Mutex
	since time.Time
	n     int
}

const maxRefused = 30

func (l *limiter) full(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.since) > time.Minute || now.Before(l.since) {
		l.since, l.n = now, 0
	}
	return l.n >= maxRefused
}

func (l *limiter) count() {
	l.mu.Lock()
	l.n++
	l.mu.Unlock()
}

// Submit takes a partner's signed part. What becomes of it is a draft of what is in force
// with the part merged in, for security to look at.
func (d *Desk) Submit(ctx context.Context, name string, data []byte) (Draft, error) {
	if d.refused.full(d.Now()) {
		return Draft{}, problem.New(problem.TooMany, "too many parts were refused lately: try again in a minute")
	}
	partner, part, err := d.open(ctx, name, data)
	if err != nil {
		d.refused.count()
		return Draft{}, err
	}
	base, err := d.SourceInForce(ctx)
	if err != nil {
		return Draft{}, problem.Wrap(problem.CodeOf(err), err, "a part cannot be taken now: what it is a part of was not made of a draft here")
	}
	folder, err := merge(base, partner, part.Text)
	if err != nil {
		return Draft{}, err
	}
	out := d.fresh(fmt.Sprintf("Part of partner %s, serial %d", name, part.Serial), FromPartner, folder)
	out.Partner, out.Serial = name, part.Serial
	if err := d.takePart(ctx, partner, out, folder); err != nil {
		return Draft{}, err
	}
	d.note("take-part", "partner/"+name, "allow", "", out.Title+": draft "+out.ID)
	d.Tell(topicDrafts, out.ID)
	d.Tell(topicPartners, name)
	return out, nil
}

// open verifies a part. Whoever has no admitted key learns nothing about who has.
func (d *Desk) open(ctx context.Context, name string, data []byte) (Partner, Part, error) {
	var part Part
	stranger := problem.New(problem.Credentials, "the part is not signed by a partner that is admitted under this name")
	partner, err := d.Partner(ctx, name)
	if problem.CodeOf(err) == problem.Unknown && err != nil {
		return partner, part, stranger
	}
	if err != nil {
		return partner, part, err
	}
	key, err := hex.DecodeString(partner.Key)
	if err != nil {
		return partner, part, err
	}
	if len(data) > MaxPart {
		return partner, part, problem.New(problem.TooLarge, "a part of %d bytes, at most %d", len(data), MaxPart)
	}
	s, err := envelope.Decode(data)
	if err != nil {
		return partner, part, stranger
	}
	keys := []ed25519.PublicKey{key}
	if len(s.Signers(PartDocument, keys)) == 0 {
		return partner, part, stranger
	}
	if err := s.Open(PartDocument, 1, keys, &part); err != nil {
		return partner, part, problem.Wrap(problem.Invalid, err, "the part has not the form of one")
	}
	return partner, part, d.meantForHere(partner, part)
}

func (d *Desk) meantForHere(partner Partner, part Part) error {
	switch {
	case part.Version != partVersion:
		return problem.New(problem.Invalid, "a part of version %d: this center knows %d", part.Version, partVersion)
	case part.Guard != d.Guard || part.Partner != partner.Name:
		return problem.New(problem.Invalid, "the part is by %q for the installation %q, not by %q for %q", clipped(part.Partner, 64), clipped(part.Guard, 64), partner.Name, d.Guard)
	case part.Serial <= partner.Serial || part.Serial >= 1<<62:
		return oldSerial(partner.Serial)
	default:
		return nil
	}
}

func oldSerial(last uint64) error {
	return problem.New(problem.Conflict, "the serial of a part is above that of the one before, which was %d", last)
}

// maxWaiting is how many drafts of one partner may wait to be looked at.
const maxWaiting = 10

// takePart keeps the draft of a part, and its serial with it.
func (d *Desk) takePart(ctx context.Context, partner Partner, out Draft, f Folder) error {
	key, err := hex.DecodeString(partner.Key)
	if err != nil {
		return err
	}
	return d.db.Tx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE partners SET serial = $2 WHERE name = $1 AND serial < $2 AND key = $3 AND admitted > 0`, partner.Name, int64(out.Serial), key)
		if err != nil {
			return err
		}
		if n, err := r.RowsAffected(); err != nil || n != 1 {
			return cmp.Or(err, oldSerial(partner.Serial))
		}
		var n int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM drafts WHERE partner = $1`, partner.Name).Scan(&n); err != nil {
			return err
		}
		if n >= maxWaiting {
			return problem.New(problem.TooMany, "%d parts wait to be looked at: send no more until then", n)
		}
		return insertDraft(ctx, tx, out, f)
	})
}

// merge puts a part into what is in force, and refuses one that says more than its
// partner may.
func merge(base Folder, partner Partner, text string) (Folder, error) {
	path := partPath(partner.Name)
	only, err := NewFolder([]File{{Path: path, Text: text}})
	if err != nil {
		return nil, err
	}
	keys, err := source.Keys(only.FS(), path)
	if err != nil {
		return nil, ownMistakes(err, path)
	}
	for _, key := range keys {
		if !slices.Contains(partner.Lists, key) {
			return nil, problem.New(problem.Invalid, "the part has the key %q, and may have: %s", clipped(key, 64), strings.Join(partner.Lists, ", "))
		}
	}
	merged, err := base.With(only[0])
	if err != nil {
		return nil, err
	}
	s, p, err := load(merged)
	if err != nil {
		return nil, ownMistakes(err, path)
	}
	if _, was := base.Find(path); !was { // an empty part compares like any other
		if base, err = base.With(File{Path: path}); err != nil {
			return nil, err
		}
	}
	before, old, err := load(base)
	if err != nil {
		return nil, err
	}
	m := merging{partner: partner, path: path, before: before, old: old, after: s, now: p}
	return merged, m.check()
}

// ownMistakes tells a partner what is wrong with its own file. Of what does not fit in
// those of others it is told only that it does not.
func ownMistakes(err error, path string) error {
	e := &problem.Error{Code: problem.Invalid, Detail: "the part does not fit into the policy in force"}
	others := 0
	for _, m := range mistakes(err) {
		if m.File != path {
			others++
			continue
		}
		e.Fields = append(e.Fields, m.field())
	}
	if others > 0 {
		e.Detail += fmt.Sprintf("; %d places of it need what the part changes or takes away", others)
	}
	return e
}

// merging is the policy in force, and with a part.
type merging struct {
	partner       Partner
	path          string
	before, after *source.Source
	old, now      *policy.Policy
}

func (m *merging) check() error {
	e := &problem.Error{Code: problem.Invalid, Detail: "the part says more than this partner may"}
	wrong := func(id, format string, args ...any) {
		if len(e.Fields) < maxFields {
			e.Fields = append(e.Fields, problem.Field{Name: id, Why: problem.Because(problem.NotYours, fmt.Sprintf(format, args...))})
		}
	}
	for i := range m.now.Subjects {
		if s := &m.now.Subjects[i]; m.after.File(listSubjects, s.ID) == m.path {
			m.subject(s, wrong)
		}
	}
	for i := range m.now.Objects {
		if o := &m.now.Objects[i]; m.after.File(listObjects, o.ID) == m.path {
			m.object(o, wrong)
		}
	}
	if len(e.Fields) > 0 {
		return e
	}
	if !bytes.Equal(others(m.old, m.before, m.path), others(m.now, m.after, m.path)) {
		return problem.New(problem.Invalid, "the part would change what others have said")
	}
	return nil
}

func (m *merging) subject(s *policy.Subject, wrong func(id, format string, args ...any)) {
	if !m.ours(s.ID) {
		wrong(s.ID, "it is not of zone %s", strings.Join(m.partner.Zones, ", "))
	}
	for _, p := range s.Proxies {
		if !slices.Contains(m.partner.Zones, p.Zone) && !m.keptProxy(s.ID, p) {
			wrong(s.ID, "who it is in zone %q is not for this partner to say", p.Zone)
		}
	}
	for i := range m.now.Subjects { // an exact name, or a longer family, goes before a family
		other := &m.now.Subjects[i]
		prefix, family := strings.CutSuffix(other.ID, "*")
		if family && other.ID != s.ID && m.after.File(listSubjects, other.ID) != m.path && strings.HasPrefix(s.ID, prefix) {
			wrong(s.ID, "it would take from %s, which others have named", other.ID)
		}
	}
}

func (m *merging) object(o *policy.Object, wrong func(id, format string, args ...any)) {
	if !m.ours(o.ID) {
		wrong(o.ID, "it is not of zone %s", strings.Join(m.partner.Zones, ", "))
	}
	for _, a := range o.Aliases {
		if !slices.Contains(m.partner.Zones, a.Zone) && !m.keptAlias(o.ID, a) {
			wrong(o.ID, "what it is called in zone %q is not for this partner to say", a.Zone)
		}
	}
}

func (m *merging) ours(id string) bool {
	zone, _, _ := strings.Cut(id, "/")
	return slices.Contains(m.partner.Zones, zone)
}

// keptProxy tells whether security has put that proxy in force: the part repeats it.
func (m *merging) keptProxy(id string, p policy.Proxy) bool {
	i := slices.IndexFunc(m.old.Subjects, func(s policy.Subject) bool { return s.ID == id })
	return i >= 0 && slices.Contains(m.old.Subjects[i].Proxies, p)
}

func (m *merging) keptAlias(id string, a policy.Alias) bool {
	o := m.old.Object(id)
	return o != nil && slices.Contains(o.Aliases, a)
}

// others is all that a policy and its directory say, but for what a file does.
func others(p *policy.Policy, s *source.Source, path string) []byte {
	b := p.Bundle
	b.Subjects = slices.DeleteFunc(slices.Clone(b.Subjects), func(x policy.Subject) bool { return s.File(listSubjects, x.ID) == path })
	b.Objects = slices.DeleteFunc(slices.Clone(b.Objects), func(x policy.Object) bool { return s.File(listObjects, x.ID) == path })
	d := s.Directory()
	d.Credentials = slices.DeleteFunc(d.Credentials, func(x policy.Credential) bool { return s.File(listSubjects, x.Subject) == path })
	d.Bindings = slices.DeleteFunc(d.Bindings, func(x policy.Binding) bool { return s.File(listSubjects, x.Subject) == path })
	return append(canon.Must(b), canon.Must(d)...)
}
