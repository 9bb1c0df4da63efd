// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
)

// PublishKind is the act of two persons that puts a publication in force.
const PublishKind = "publish-policy"

// Publish is the payload of that act.
type Publish struct {
	Publication string `json:"publication"`
	Version     uint64 `json:"version"`
	Digest      string `json:"digest"`
	Return      uint64 `json:"return"`
	ReturnDig   string `json:"returnDigest"`
	Confirm     int    `json:"confirmWithin"`
}

// Proposed is a publication as two persons see it.
type Proposed struct {
	Title      string
	Version    uint64 // of the policy, and what a person calls it; for publications
	Name       string
	Partner    string // for partners, and the fingerprint of their key
	Key        string
	Payload    json.RawMessage
	Difference string // at most the bytes that were asked for
}

// Showing is how a publication is shown to two persons.
type Showing struct {
	Rehearsed bilingual.Words // how its draft was rehearsed
	Most      int             // bytes of the difference
}

// Propose gives what is proposed for a publication: its payload, and the difference to
// what is in force now in words and as text.
func (d *Desk) Propose(ctx context.Context, p Publication, how Showing) (Proposed, error) {
	docs, err := readDocuments(ctx, d.db, p.ID)
	if err != nil {
		return Proposed{}, unknown(err, "publication", p.ID)
	}
	b, err := bundleOf(docs.bundle)
	if err != nil {
		return Proposed{}, problem.Wrap(problem.Conflict, err, "the bundles of this publication are not here any more: prepare it anew")
	}
	diff, err := d.changes(ctx, p, b)
	if err != nil {
		return Proposed{}, err
	}
	payload, err := json.Marshal(payloadOf(p))
	head, title := headOf(p, b, how.Rehearsed), clipped(fmt.Sprintf("Publish policy version %d: %s", p.Version, p.Title), maxTitle-len("…"))
	return Proposed{Title: title, Version: p.Version, Name: p.Title, Payload: payload, Difference: head + diff.Show(how.Most-len(head))}, err
}

func payloadOf(p Publication) Publish {
	return Publish{Publication: p.ID, Version: p.Version, Digest: p.Digest, Return: p.ReturnVersion, ReturnDig: p.ReturnDigest, Confirm: p.ConfirmWithin}
}

// headOf is what both persons are shown of a publication before what it changes.
func headOf(p Publication, b *policy.Bundle, rehearsed bilingual.Words) string {
	var head strings.Builder
	line := func(w bilingual.Words) { head.WriteString(w.Line() + "\n") }
	line(bilingual.Say("bundle: version %d, SHA-256 %s, to %s", "策略包：版本 %d，SHA-256 %s，有效至 %s", p.Version, p.Digest, stamp(b.NotAfter)))
	if p.ReturnVersion > 0 {
		line(bilingual.Say("return: version %d, SHA-256 %s: version %d again, unless it is confirmed within %d minutes",
			"回退：版本 %d，SHA-256 %s：如未在 %[4]d 分钟内确认，则恢复版本 %[3]d 的内容", p.ReturnVersion, p.ReturnDigest, p.Base, p.ConfirmWithin))
	} else {
		line(bilingual.Say("return: none, since nothing is in force", "回退：无，因为尚无生效的策略"))
	}
	line(rehearsed)
	return head.String()
}

// changes is what a publication's bundle changes in what is in force: components first.
func (d *Desk) changes(ctx context.Context, p Publication, b *policy.Bundle) (Difference, error) {
	folder, err := sourceOf(ctx, d.db, p.Digest)
	if err != nil {
		return Difference{}, err
	}
	diff, err := d.differs(ctx, folder, b)
	if err != nil {
		return Difference{}, err
	}
	was := &policy.Bundle{}
	if now := d.InForce(); now != nil {
		was = &now.Bundle
	}
	w := words{names: namesOf(b)}
	w.components(was, b)
	diff.Changes = append(w.sorted(), diff.Changes...)
	return diff, nil
}

func stamp(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }

// components compares who takes part.
func (w *words) components(a, b *policy.Bundle) {
	what := func(c *policy.Component) bilingual.Words {
		return bilingual.Say("%s %s of zone %q, key %s", "%s %s（安全域 %q，密钥 %s）", c.Role, c.ID, c.Zone, envelope.IDOf(c.Key))
	}
	compare(a.Components, b.Components, func(c *policy.Component) string { return c.ID },
		func(c *policy.Component) {
			w.add("component", c.ID, Wider, "component %s takes part", "部件 %s 加入", what(c))
		},
		func(c *policy.Component) {
			w.add("component", c.ID, Narrower, "component %s takes part no more", "部件 %s 不再参与", what(c))
		},
		func(x, y *policy.Component) {
			if !bytes.Equal(x.Key, y.Key) || !bytes.Equal(x.Seal, y.Seal) || x.Role != y.Role || x.Zone != y.Zone {
				w.add("component", y.ID, Other, "component %s is now %s, with other keys or in another place than %s", "部件 %s 现为 %s，密钥或位置与原来的 %s 不同", y.ID, what(y), what(x))
			}
		})
}

// bundleOf reads a payload.
func bundleOf(payload []byte) (*policy.Bundle, error) {
	var b policy.Bundle
	if err := canon.Unmarshal(payload, &b); err != nil {
		return nil, err
	}
	return &b, nil
}
