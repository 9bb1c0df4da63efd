// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/policy/source"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// State is where a publication stands.
type State string

// The states.
const (
	Prepared    State = "prepared"    // its bundles are made, and want the signatures of two persons
	Applying    State = "applying"    // approved, on its way into force
	Unconfirmed State = "unconfirmed" // in force; unless it is confirmed in time, the return is put in force
	Confirmed   State = "confirmed"   // in force for good, or until the next
	Returning   State = "returning"   // the return is on its way into force
	Returned    State = "returned"    // what was in force before is so again
	Failed      State = "failed"      // it was not put in force: Result says why
	Superseded  State = "superseded"  // another policy was put in force before it was confirmed
	Lapsed      State = "lapsed"      // nobody approved it for long, and its bundles were forgotten
)

// Publication is a draft on its way into force, or one that has been there.
type Publication struct {
	ID            string    `json:"id"`
	Title         string    `json:"title"`
	Draft         string    `json:"draft" doc:"id of the draft that it was made of"`
	DraftRevision int64     `json:"draftRevision"`
	Base          uint64    `json:"base" doc:"version in force when it was made, 0 for none"`
	Version       uint64    `json:"version"`
	Digest        string    `json:"digest" doc:"SHA-256 of the bundle's payload, in hexadecimal"`
	ReturnVersion uint64    `json:"returnVersion,omitempty" doc:"of the bundle that puts back what is in force now; none where nothing is"`
	ReturnDigest  string    `json:"returnDigest,omitempty"`
	ConfirmWithin int       `json:"confirmWithin" doc:"minutes after it came into force, in which it is confirmed or goes back"`
	Author        string    `json:"author" doc:"id of the account"`
	AuthorName    string    `json:"authorName"`
	Created       time.Time `json:"created"`
	State         State     `json:"state" enum:"prepared,applying,unconfirmed,confirmed,returning,returned,failed,superseded,lapsed"`
	Since         time.Time `json:"since" doc:"of the state"`
	Deadline      time.Time `json:"deadline,omitzero" doc:"until when it must be confirmed"`
	Result        string    `json:"result,omitempty" doc:"what became of it"`
	Outcome       *Outcome  `json:"outcome,omitempty" doc:"what the result says, for other languages; none before there is one, and of an older version"`
	By            string    `json:"by,omitempty" doc:"who confirmed it or put it back"`
}

// Limits of the time to confirm.
const (
	UsualConfirm = 10 // minutes
	MostConfirm  = 24 * 60
)

// Preparation is what a publication is made of.
type Preparation struct {
	Draft    string
	Revision int64  // of the draft, as it was read
	Title    string // "" for the draft's
	Confirm  int    // minutes, 0 for UsualConfirm
}

// of fills in what was not said, and refuses what cannot be made of a draft.
func (n Preparation) of(d Draft) (Preparation, error) {
	n.Title, n.Confirm = cmp.Or(n.Title, d.Title), cmp.Or(n.Confirm, UsualConfirm)
	if err := goodTitle(n.Title); err != nil {
		return n, err
	}
	if n.Confirm < 1 || n.Confirm > MostConfirm {
		return n, problem.New(problem.Invalid, "the time to confirm is 1 to %d minutes", MostConfirm)
	}
	if d.Revision != n.Revision {
		return n, stale(d.Revision)
	}
	return n, nil
}

// Prepare makes the bundles of a draft: the new one, and the one that puts back what is
// in force now. Nothing is in force by that.
func (d *Desk) Prepare(ctx context.Context, who account.Caller, n Preparation) (Publication, error) {
	m, err := d.material(ctx, n)
	if err != nil {
		return Publication{}, err
	}
	var out made
	err = d.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := nothingWaits(ctx, tx); err != nil {
			return err
		}
		version, err := nextVersion(ctx, tx, m.base)
		if err != nil {
			return err
		}
		if out, err = m.make(version, d.moment()); err != nil {
			return err
		}
		out.Author, out.AuthorName = who.Account, who.Name
		return insertPublication(ctx, tx, &out)
	})
	if err != nil {
		return Publication{}, err
	}
	d.Tell(topicPolicy, out.ID)
	return out.Publication, nil
}

// material is all that goes into the bundles.
type material struct {
	Preparation
	folder     Folder
	source     *source.Source
	base       *policy.Policy // nil for none
	components []policy.Component
	issuers    map[string]ed25519.PublicKey
}

// made is a publication with its bundles.
type made struct {
	Publication
	folder       Folder
	baseDigest   string
	bundle, back []byte // payloads; back is empty for none
}

// material collects what a publication is made of, and refuses a draft that is not fit.
func (d *Desk) material(ctx context.Context, n Preparation) (*material, error) {
	if err := d.twoCan(); err != nil {
		return nil, err
	}
	out, folder, err := d.Get(ctx, n.Draft)
	if err != nil {
		return nil, err
	}
	if n, err = n.of(out); err != nil {
		return nil, err
	}
	s, p, err := loaded(folder)
	if err != nil {
		return nil, err
	}
	if err := failing(tried(s, p)); err != nil {
		return nil, err
	}
	m := &material{Preparation: n, folder: folder, source: s, base: d.InForce()}
	if m.components, err = d.components(ctx); err != nil {
		return nil, err
	}
	m.issuers, err = m.missingIssuers()
	return m, err
}

// twoCan tells whether the signatures of two persons put a bundle in force here.
func (d *Desk) twoCan() error {
	switch {
	case len(d.Anchors.Approvers) < 2:
		return problem.New(problem.Conflict, "this installation was made with the key of one approver; a publication by two persons wants two: apply bundles as files, or make the installation anew with more")
	case d.Anchors.Quorum > 2:
		return problem.New(problem.Conflict, "this installation wants %d approvals, and a publication brings those of two persons: apply bundles as files", d.Anchors.Quorum)
	default:
		return nil
	}
}

// components are the admitted ones, as a bundle has them.
func (d *Desk) components(ctx context.Context) ([]policy.Component, error) {
	admitted, err := d.Admitted(ctx)
	if err != nil {
		return nil, problem.Wrap(problem.Unavailable, err, "the signer does not say which components are admitted")
	}
	list := make([]policy.Component, 0, len(admitted))
	for _, r := range admitted {
		list = append(list, policy.Component{ID: r.ID, Role: policy.Role(r.Role), Zone: r.Zone, Key: r.Key, Seal: r.Seal})
	}
	return list, nil
}

// missingIssuers are the keys that the draft has no file of, as they are in force.
func (m *material) missingIssuers() (map[string]ed25519.PublicKey, error) {
	keys := map[string]ed25519.PublicKey{}
	for _, name := range m.source.MissingIssuers() {
		var i *policy.Issuer
		if m.base != nil {
			i = m.base.Issuer(name)
		}
		if i == nil {
			return nil, problem.New(problem.Invalid, "issuer %q has no key in force: put its key file into the draft", name)
		}
		keys[name] = i.Key
	}
	return keys, nil
}

// make makes the bundles under a version and the one after it.
func (m *material) make(version uint64, now time.Time) (made, error) {
	b, err := m.source.Bundle(source.Options{Version: version, Now: now, Components: m.components, Seal: m.seal, Issuers: m.issuers})
	if err != nil {
		return made{}, problem.Wrap(problem.Invalid, err, "no bundle can be made of the draft: %v", err)
	}
	if _, err := policy.Compile(b); err != nil {
		return made{}, problem.Wrap(problem.Invalid, err, "the draft does not fit the admitted components: %v", err)
	}
	out := made{folder: m.folder, bundle: canon.Must(b)}
	out.Publication = Publication{
		ID: store.NewID(), Title: m.Title, Draft: m.Draft, DraftRevision: m.Revision, Version: version, Digest: digest(out.bundle),
		ConfirmWithin: m.Confirm, Created: now, Since: now, State: Prepared,
	}
	if m.base != nil {
		back := returnOf(m.base.Bundle, version+1, now)
		out.back, out.baseDigest = canon.Must(back), digestOf(m.base)
		out.Base, out.ReturnVersion, out.ReturnDigest = m.base.Version, back.Version, digest(out.back)
	}
	if most := max(len(out.bundle), len(out.back)) + 16<<10; most > envelope.MaxSize {
		return made{}, problem.New(problem.TooLarge, "a bundle of %d bytes, at most %d", most, envelope.MaxSize)
	}
	return out, nil
}

// seal encrypts to a component by its own key.
func (m *material) seal(id string, plaintext []byte) ([]byte, error) {
	for i := range m.components {
		if m.components[i].ID == id {
			return pki.Seal(m.components[i].Seal, policy.DirectoryInfo, plaintext)
		}
	}
	return nil, fmt.Errorf("no component %q", id)
}

// clockSlack lets the clocks of the enforcing hosts be this far behind ours.
const clockSlack = time.Minute

// returnOf is a bundle again under another version, for as long from now on as it was
// made for: what is sealed in it still opens, since it is bound to no version.
func returnOf(b policy.Bundle, version uint64, now time.Time) policy.Bundle {
	length := b.NotAfter - b.NotBefore
	b.Version, b.Created = version, now.UnixMilli()
	b.NotBefore = now.Add(-clockSlack).UnixMilli()
	b.NotAfter = b.NotBefore + length
	return b
}

// nothingWaits refuses while a publication may still go back: what is in force is not
// sure to stay.
func nothingWaits(ctx context.Context, q querier) error {
	var version int64
	err := q.QueryRowContext(ctx, `SELECT version FROM policies WHERE state IN ('applying', 'unconfirmed', 'returning') LIMIT 1`).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return problem.New(problem.Conflict, "policy version %d is not confirmed: confirm it or roll it back first", version)
}

// nextVersion is above every version that was ever made here, whether it was used or not,
// so that no two bundles have the same one.
func nextVersion(ctx context.Context, q querier, base *policy.Policy) (uint64, error) {
	var most int64
	err := q.QueryRowContext(ctx, `SELECT COALESCE(MAX(CASE WHEN return_version > version THEN return_version ELSE version END), 0) FROM policies`).Scan(&most)
	if base != nil {
		most = max(most, int64(base.Version))
	}
	return uint64(most) + 1, err
}
