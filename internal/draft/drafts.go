// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// MaxDrafts is how many drafts there may be at once.
const MaxDrafts = 100

// Origin says what a draft was made of.
type Origin string

// The origins.
const (
	FromForce   Origin = "in-force" // what was in force when it was made
	FromVersion Origin = "version"  // what an earlier publication was made of
	FromUpload  Origin = "upload"   // files that somebody sent
	FromPartner Origin = "partner"  // what was in force, with the part of another system's center
)

// Draft is a policy that is being worked at.
type Draft struct {
	ID         string    `json:"id"`
	Title      string    `json:"title"`
	Origin     Origin    `json:"origin" enum:"in-force,version,upload,partner" doc:"what it was made of"`
	Partner    string    `json:"partner,omitempty" doc:"whose part was merged into what was in force"`
	Serial     uint64    `json:"serial,omitempty" doc:"of that part"`
	Base       uint64    `json:"base" doc:"version that was in force when it was made, 0 for none"`
	Author     string    `json:"author,omitempty" doc:"id of the account"`
	AuthorName string    `json:"authorName,omitempty"`
	Created    time.Time `json:"created"`
	Changed    time.Time `json:"changed"`
	Revision   int64     `json:"revision"`
	Files      int       `json:"files" doc:"how many"`
	Size       int       `json:"size" doc:"bytes of all files"`
}

// New is what a draft is made of.
type New struct {
	Title   string
	Files   []File // with Origin FromUpload
	Origin  Origin // "" for FromForce
	Version uint64 // with Origin FromVersion
}

// Create makes a draft.
func (d *Desk) Create(ctx context.Context, who account.Caller, n New) (Draft, error) {
	if err := goodTitle(n.Title); err != nil {
		return Draft{}, err
	}
	folder, err := d.beginning(ctx, n)
	if err != nil {
		return Draft{}, err
	}
	out := d.fresh(n.Title, cmp.Or(n.Origin, FromForce), folder)
	out.Author, out.AuthorName = who.Account, who.Name
	err = d.db.Tx(ctx, func(tx *sql.Tx) error { return insertDraft(ctx, tx, out, folder) })
	if err != nil {
		return Draft{}, err
	}
	d.Tell(topicDrafts, out.ID)
	return out, nil
}

// beginning is the files that a draft begins with.
func (d *Desk) beginning(ctx context.Context, n New) (Folder, error) {
	switch n.Origin {
	case FromUpload:
		return NewFolder(n.Files)
	case FromForce, "":
		return d.SourceInForce(ctx)
	case FromVersion:
		return d.sourceOfVersion(ctx, n.Version)
	default:
		return nil, problem.New(problem.Invalid, "a draft is made of what is in force, of a version or of files, not of %q", n.Origin)
	}
}

// fresh is a new draft of a folder, of nobody yet.
func (d *Desk) fresh(title string, origin Origin, f Folder) Draft {
	now := d.moment()
	out := Draft{ID: store.NewID(), Title: title, Origin: origin, Created: now, Changed: now, Revision: 1, Files: len(f), Size: f.Size()}
	if p := d.InForce(); p != nil {
		out.Base = p.Version
	}
	return out
}

// maxTitle bounds a title, in bytes.
const maxTitle = 200

func goodTitle(s string) error {
	if s == "" || len(s) > maxTitle || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return &problem.Error{Code: problem.Invalid, Detail: fmt.Sprintf("a title is one line of 1 to %d bytes", maxTitle), Fields: []problem.Field{problem.Because(problem.OneLine, "not one").At("title")}}
	}
	return nil
}

// Get is a draft with its files.
func (d *Desk) Get(ctx context.Context, id string) (Draft, Folder, error) {
	out, folder, err := readDraft(ctx, d.db, id)
	return out, folder, unknown(err, "draft", id)
}

// Compiled is a draft as the policy that it makes, without components. The error is a
// problem that names each place where the draft is not whole.
func (d *Desk) Compiled(ctx context.Context, id string) (Draft, *policy.Policy, error) {
	out, folder, err := d.Get(ctx, id)
	if err != nil {
		return Draft{}, nil, err
	}
	_, p, err := loaded(folder)
	return out, p, err
}

// unknown tells that there is no such row.
func unknown(err error, what, id string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return problem.New(problem.Unknown, "there is no %s %q", what, clipped(id, 64))
	}
	return err
}

// Put replaces all files of a draft that is at a revision.
func (d *Desk) Put(ctx context.Context, id string, revision int64, files []File) (Draft, error) {
	folder, err := NewFolder(files)
	if err != nil {
		return Draft{}, err
	}
	return d.change(ctx, id, revision, func(Folder) (Folder, error) { return folder, nil })
}

// PutFile puts one file into a draft that is at a revision, or replaces it there.
func (d *Desk) PutFile(ctx context.Context, id string, revision int64, file File) (Draft, error) {
	return d.change(ctx, id, revision, func(f Folder) (Folder, error) { return f.With(file) })
}

// DeleteFile takes one file out of a draft that is at a revision.
func (d *Desk) DeleteFile(ctx context.Context, id string, revision int64, path string) (Draft, error) {
	return d.change(ctx, id, revision, func(f Folder) (Folder, error) {
		rest, ok := f.Without(path)
		if !ok {
			return nil, problem.New(problem.Unknown, "the draft has no file %q", clipped(path, maxPath))
		}
		return rest, nil
	})
}

// change makes the next revision of a draft, if nobody has made it meanwhile.
func (d *Desk) change(ctx context.Context, id string, revision int64, edit func(Folder) (Folder, error)) (Draft, error) {
	var out Draft
	err := d.db.Tx(ctx, func(tx *sql.Tx) error {
		draft, folder, err := readDraft(ctx, tx, id)
		if err != nil {
			return err
		}
		if draft.Revision != revision {
			return stale(draft.Revision)
		}
		if folder, err = edit(folder); err != nil {
			return err
		}
		draft.Revision, draft.Changed = revision+1, d.moment()
		draft.Files, draft.Size = len(folder), folder.Size()
		out = draft
		return updateDraft(ctx, tx, draft, folder)
	})
	if err != nil {
		return Draft{}, unknown(err, "draft", id)
	}
	d.Tell(topicDrafts, id)
	return out, nil
}

func stale(now int64) error {
	return problem.New(problem.Stale, "it was changed meanwhile and is at revision %d: read it again", now)
}

// Delete deletes a draft that is at a revision. What was published of it stays.
func (d *Desk) Delete(ctx context.Context, id string, revision int64) error {
	err := d.db.Tx(ctx, func(tx *sql.Tx) error {
		draft, _, err := readDraft(ctx, tx, id)
		if err != nil {
			return err
		}
		if draft.Revision != revision {
			return stale(draft.Revision)
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM drafts WHERE id = $1`, id)
		return err
	})
	if err != nil {
		return unknown(err, "draft", id)
	}
	d.Tell(topicDrafts, id)
	return nil
}

// SourceInForce is the files that the policy in force was made of. A bundle that was
// applied as a file has none here.
func (d *Desk) SourceInForce(ctx context.Context) (Folder, error) {
	p := d.InForce()
	if p == nil {
		return nil, problem.New(problem.Conflict, "no policy is in force yet: make the draft of files")
	}
	f, err := sourceOf(ctx, d.db, digestOf(p))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, problem.New(problem.Conflict, "policy version %d was applied as a file, so its source is not here: make the draft of your files", p.Version)
	}
	return f, err
}

func (d *Desk) sourceOfVersion(ctx context.Context, version uint64) (Folder, error) {
	var digest string
	err := d.db.QueryRowContext(ctx, `SELECT bundle_digest FROM policies WHERE version = $1`, int64(version)).Scan(&digest)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, problem.New(problem.Unknown, "version %d was not made of a draft here", version)
	}
	if err != nil {
		return nil, err
	}
	f, err := sourceOf(ctx, d.db, digest)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, problem.New(problem.Unknown, "the files of version %d are not here any more", version)
	}
	return f, err
}
