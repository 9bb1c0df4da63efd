// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package quarantine is what administrators do with files that a front refused for good:
// they see what lies in the quarantine of each front that receives files, and two of them
// release one by a document that both sign and the front verifies
// (docs/formats/release.md). The center only carries it.
package quarantine

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"time"

	"dukou.dev/dukou/internal/bilingual"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/problem"
)

// Config is what a Desk works with.
type Config struct {
	Guard    string
	Anchors  policy.Anchors
	InForce  func() *policy.Policy // nil before the first
	Look     func(ctx context.Context, front string) (control.Quarantined, error)
	Send     func(ctx context.Context, front string, document []byte) error
	Approver func(ctx context.Context, account string) (ed25519.PublicKey, error) // who signs with which pinned key
	Now      func() time.Time
}

// Desk is where files are released from quarantine.
type Desk struct{ Config }

// New is a desk. It keeps nothing: what lies in quarantine the fronts know, and what is
// being released is a proposal.
func New(c Config) *Desk { return &Desk{c} }

// Item is a file in quarantine.
type Item struct {
	Front  string    `json:"front" doc:"whose quarantine it lies in"`
	Parcel string    `json:"parcel"`
	Flow   string    `json:"flow"`
	Name   string    `json:"name,omitempty" doc:"of the file; for security and audit, and only where the name itself is sound"`
	Size   uint64    `json:"size" doc:"bytes"`
	Root   string    `json:"root" doc:"of the chain of digests of the body, in hexadecimal (docs/formats/parcel.md)"`
	Bundle uint64    `json:"bundle" doc:"version of the policy that it was sent under"`
	Code   string    `json:"code" doc:"why it was refused"`
	Since  time.Time `json:"since"`
}

// Front is how much lies at one front.
type Front struct {
	Front string `json:"front"`
	Total uint64 `json:"total" doc:"files; the newest 500 are listed"`
	Error string `json:"error,omitempty" doc:"code, where the front did not answer"`
}

// List asks all fronts that receive files what lies there, and gives it the newest first.
func (d *Desk) List(ctx context.Context) ([]Item, []Front) {
	fronts := d.fronts()
	answers := make([]control.Quarantined, len(fronts))
	all := make([]Front, len(fronts))
	var wg sync.WaitGroup
	for i, front := range fronts {
		wg.Go(func() {
			var err error
			all[i].Front = front
			if answers[i], err = d.Look(ctx, front); err != nil {
				answers[i], all[i].Error = control.Quarantined{}, string(fault.CodeOf(err))
			}
			all[i].Total = answers[i].Total
		})
	}
	wg.Wait()
	var items []Item
	for i, a := range answers {
		for j := range a.Items {
			items = append(items, itemOf(fronts[i], &a.Items[j]))
		}
	}
	slices.SortStableFunc(items, func(x, y Item) int { return y.Since.Compare(x.Since) })
	return items, all
}

func itemOf(front string, h *control.Held) Item {
	return Item{
		Front: front, Parcel: h.Parcel.String(), Flow: h.Flow, Name: h.Name, Size: h.Size, Root: hex.EncodeToString(h.Root[:]),
		Bundle: h.Bundle, Code: string(h.Code), Since: time.UnixMilli(h.Since).UTC(),
	}
}

// fronts are those that flows of files of the policy in force lead to, by name.
func (d *Desk) fronts() []string {
	var list []string
	if p := d.InForce(); p != nil {
		for i := range p.Flows {
			if f := &p.Flows[i]; f.Kind == "deliver" {
				list = append(list, f.Exit)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// find asks a front for one file. known is false where the front has more than it tells.
func (d *Desk) find(ctx context.Context, front, id string) (h control.Held, known bool, err error) {
	if !slices.Contains(d.fronts(), front) {
		return h, false, problem.New(problem.Unknown, "%s is no front that receives files", front)
	}
	want, err := parcel.ParseID(id)
	if err != nil {
		return h, false, problem.Wrap(problem.Invalid, err, "that is no id of a parcel")
	}
	q, err := d.Look(ctx, front)
	if err != nil {
		return h, false, problem.Wrap(problem.Unavailable, err, "%s does not answer (%s)", front, fault.CodeOf(err))
	}
	i := slices.IndexFunc(q.Items, func(x control.Held) bool { return x.Parcel == want })
	switch {
	case i >= 0:
		return q.Items[i], true, nil
	case q.Total > uint64(len(q.Items)):
		return h, false, nil
	default:
		return h, false, problem.New(problem.Unknown, "parcel %s does not lie in the quarantine of %s", id, front)
	}
}

// words are what both persons are shown.
func words(r *control.ReleaseDocument) string {
	var b strings.Builder
	for _, line := range []bilingual.Words{
		bilingual.Say("front: %s", "前置：%s", r.Front),
		bilingual.Say("flow: %s", "数据流：%s", r.Flow),
		bilingual.Say("parcel: %s", "数据包：%s", r.Parcel),
		bilingual.Say("file: %s", "文件：%s", r.Name),
		bilingual.Say("size: %d bytes", "大小：%d 字节", r.Size),
		bilingual.Say("root: %x", "正文根摘要：%x", r.Root[:]),
		bilingual.Say("sent under policy version: %d", "发送时的策略版本：%d", r.Bundle),
		bilingual.Say("refused as: %s", "拒绝代码：%s", r.Code),
		bilingual.Say("not after: %s", "有效至：%s", time.UnixMilli(r.NotAfter).UTC().Format(time.RFC3339)),
		bilingual.Say("The front gives it out as if its checks had passed. That cannot be taken back.", "前置将视其检查已通过而放行该文件，此操作不可撤销。"),
	} {
		b.WriteString(line.Line() + "\n")
	}
	return b.String()
}
