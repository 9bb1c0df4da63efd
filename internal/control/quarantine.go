// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package control

import (
	"context"
	"strings"
	"unicode/utf8"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

// MaxHeld is how much of its quarantine a front tells of at once, the newest first.
const MaxHeld = 500

const (
	maxFlow     = 256
	maxFileName = 255
)

// Held is a file that lies in a front's quarantine. Its reason in words stays there.
type Held struct {
	_      struct{} `cbor:",toarray"`
	Parcel parcel.ID
	Flow   string
	Name   string // empty where the name itself may not be told
	Size   uint64
	Root   parcel.Link // of the body
	Bundle uint64      // version that the sending front labelled under
	Code   fault.Code  // why it was refused
	Since  int64       // Unix milliseconds
}

// Quarantined is what a front says of its quarantine.
type Quarantined struct {
	_         struct{} `cbor:",toarray"`
	Component string
	Total     uint64 // of which Items are some
	Items     []Held
}

// DecodeQuarantined reads what a component says of its quarantine, within limits.
func DecodeQuarantined(id string, data []byte) (Quarantined, error) {
	var q Quarantined
	if len(data) > rules[Quarantine].Answer {
		return q, fault.New(fault.ParcelTooLarge, "%d bytes of a quarantine", len(data))
	}
	if err := canon.Unmarshal(data, &q); err != nil {
		return q, fault.Wrap(fault.ParcelMalformed, err, "quarantine")
	}
	ok := q.Component == id && len(q.Items) <= MaxHeld && uint64(len(q.Items)) <= q.Total
	for i := range q.Items {
		ok = ok && q.Items[i].fits()
	}
	if !ok {
		return q, fault.New(fault.ParcelMalformed, "quarantine of %q beyond its limits", id)
	}
	return q, nil
}

func (h *Held) fits() bool {
	return h.Parcel != parcel.ID{} && plainText(h.Flow, maxFlow) && (h.Name == "" || plainText(h.Name, maxFileName)) &&
		h.Size <= parcel.MaxBody && h.Since >= 0 && fault.Known(h.Code)
}

// plainText tells whether a text is one line of one byte to so many.
func plainText(s string, most int) bool {
	return s != "" && len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, isControl)
}

// CallQuarantine asks a front what lies in its quarantine.
func CallQuarantine(ctx context.Context, o Opener, to string) (Quarantined, error) {
	answer, err := Call(ctx, o, Head{Type: Quarantine, To: to}, nil)
	if err != nil {
		return Quarantined{}, err
	}
	return DecodeQuarantined(to, answer)
}
