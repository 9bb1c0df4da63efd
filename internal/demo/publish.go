// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"

	"dukou.dev/dukou/internal/envelope"
)

const publishTimeout = 30 * time.Second

// publication is one at the center.
type publication struct {
	ID            string `json:"id"`
	State         string `json:"state"`
	ReturnVersion uint64 `json:"returnVersion"`
}

// Publish has the two security administrators publish the policy that is in force, as a
// draft this time. The first bundle came as a file, and of such a one the center has no
// source from which the next draft could be made.
func (d *Demo) Publish(ctx context.Context, sessions map[string]string) error {
	p, err := d.prepare(ctx, sessions["li"])
	if err != nil {
		return fmt.Errorf("prepare the policy: %w", err)
	}
	if err := d.vote(ctx, p, sessions); err != nil {
		return fmt.Errorf("vote on the policy: %w", err)
	}
	path := "/api/policies/" + p.ID
	err = d.poll(ctx, "wait for the policy", publishTimeout, func(ctx context.Context) error {
		var now publication
		if err := d.Ask(ctx, http.MethodGet, path, sessions["li"], nil, &now); err != nil {
			return err
		}
		if now.State != "unconfirmed" {
			return errors.New("it is " + now.State)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.Ask(ctx, http.MethodPost, path+"/confirm", sessions["li"], nil, nil)
}

// prepare has the bundles of the policy's folder made.
func (d *Demo) prepare(ctx context.Context, li string) (p publication, err error) {
	type file struct {
		Path string `json:"path"`
		Text string `json:"text"`
	}
	var files []file
	err = fs.WalkDir(d.options.Policy, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(d.options.Policy, path)
		files = append(files, file{path, string(text)})
		return err
	})
	if err != nil {
		return p, err
	}
	var draft struct {
		ID       string `json:"id"`
		Revision int64  `json:"revision"`
	}
	title := "示例银行 · the example bank"
	if err := d.Ask(ctx, http.MethodPost, "/api/drafts", li, map[string]any{"title": title, "from": "upload", "files": files}, &draft); err != nil {
		return p, err
	}
	err = d.Ask(ctx, http.MethodPost, "/api/policies", li, map[string]any{"draft": draft.ID, "revision": draft.Revision}, &p)
	return p, err
}

// vote has li propose a publication and zhao approve it, each with their own signatures.
func (d *Demo) vote(ctx context.Context, p publication, sessions map[string]string) error {
	var votes [][][]byte
	for _, key := range d.Installation.Approvers[:2] {
		signatures, err := d.sign(ctx, p, sessions["li"], key)
		if err != nil {
			return err
		}
		votes = append(votes, signatures)
	}
	var proposal struct{ ID, Digest string }
	in := map[string]any{"signatures": votes[0], "reason": "so that drafts can be made of it"}
	if err := d.Ask(ctx, http.MethodPost, "/api/policies/"+p.ID+"/proposal", sessions["li"], in, &proposal); err != nil {
		return err
	}
	in = map[string]any{"signatures": votes[1], "digest": proposal.Digest}
	return d.Ask(ctx, http.MethodPost, "/api/proposals/"+proposal.ID+"/approve", sessions["zhao"], in, nil)
}

// sign makes one person's signatures: over the bundle, and over the one that it goes back to.
func (d *Demo) sign(ctx context.Context, p publication, session string, key ed25519.PrivateKey) (signatures [][]byte, err error) {
	names := []string{"bundle"}
	if p.ReturnVersion > 0 {
		names = append(names, "return")
	}
	for _, name := range names {
		var data []byte
		if err := d.Ask(ctx, http.MethodGet, "/api/policies/"+p.ID+"/"+name, session, nil, &data); err != nil {
			return nil, err
		}
		document, err := envelope.Decode(data)
		if err != nil {
			return nil, err
		}
		document.Signatures = nil
		if err := document.Sign(envelope.Bundle, key); err != nil {
			return nil, err
		}
		signatures = append(signatures, document.Signatures[0].COSE)
	}
	return signatures, nil
}
