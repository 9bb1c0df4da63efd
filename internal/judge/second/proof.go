// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package second

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"

	"dukou.dev/dukou/internal/fault"
)

// proof are the checks of a label, in the order of docs/formats/label.md.
func proof() []step {
	return []step{
		{"read", "label", read},
		{"tag", "label", findTag},
		{"window", "label", sameWindow},
		{"mac", "label", authentic},
		{"binding", "label", bound},
		{"presenter", "label", presented},
		{"early", "label", notEarly},
		{"expired", "label", notExpired},
		{"number", "label", unseen},
	}
}

// read decodes label, header and fields. A label's fault comes before a header's, but
// the header is told in any case: a refusal names the parcel.
func read(t *trial) *fault.Error {
	header, headerErr := readHeader(t.came.Header)
	t.Header = header
	var err *fault.Error
	if t.sealed, err = readSealed(t.came.Label); err != nil {
		return err
	}
	if t.Label, err = readLabel(t.sealed); err != nil {
		return err
	}
	if headerErr != nil {
		return headerErr
	}
	t.Content, err = readFields(header.Fields)
	return err
}

func findTag(t *trial) *fault.Error {
	var ok bool
	if t.tag, ok = t.sealed.tagFor(t.judge.id); !ok {
		return fault.New(fault.LabelWrongJudge, "no tag for %q", t.judge.id)
	}
	return nil
}

func sameWindow(t *trial) *fault.Error {
	if t.tag.window != t.judge.window {
		return fault.New(fault.LabelWindow, "a tag for another life of %q", t.judge.id)
	}
	return nil
}

const (
	epochMillis = 300_000
	macDomain   = "dukou label 1\x00"
)

// authentic checks the epoch before it asks for a key, as that makes the lease derive one.
func authentic(t *trial) *fault.Error {
	epoch := uint64(t.now / epochMillis)
	if t.Label.Epoch-epoch+1 > 2 { // one before, this one, or one behind
		return fault.New(fault.LabelEpoch, "epoch %d, it is %d", t.Label.Epoch, epoch)
	}
	key, ok := t.judge.keys.Key(t.Label.Maker, t.judge.id, t.Label.Epoch)
	if !ok {
		return fault.New(fault.LabelEpoch, "no key of %q for epoch %d", t.Label.Maker, t.Label.Epoch)
	}
	prefix := make([]byte, 0, 128)
	prefix = append(prefix, macDomain...)
	prefix = binary.BigEndian.AppendUint32(prefix, uint32(len(t.judge.id)))
	prefix = append(prefix, t.judge.id...)
	prefix = append(prefix, t.judge.window[:]...)
	mac := hmac.New(sha256.New, key)
	mac.Write(prefix)
	mac.Write(t.sealed.body)
	var sum [sha256.Size]byte
	if subtle.ConstantTimeCompare(mac.Sum(sum[:0]), t.tag.mac[:]) != 1 {
		return fault.New(fault.LabelAltered, "the tag is not of this label")
	}
	return nil
}

func bound(t *trial) *fault.Error {
	if sha256.Sum256(t.came.Header) != t.Label.Binding {
		return fault.New(fault.LabelTransplanted, "the label is not of parcel %s", t.Header.ID)
	}
	return nil
}

func presented(t *trial) *fault.Error {
	if t.Label.Maker == t.Header.Source && (t.came.Relayed || t.came.Presenter == t.Header.Source) {
		return nil
	}
	return fault.New(fault.LabelStolen, "a label of %q for a parcel of %q, from %q", t.Label.Maker, t.Header.Source, t.came.Presenter)
}

// ahead is how far a maker's clock may be ahead, in milliseconds.
const ahead = 5000

func notEarly(t *trial) *fault.Error {
	if t.Label.NotBefore > t.now+ahead {
		return fault.New(fault.LabelEarly, "from %d, it is %d", t.Label.NotBefore, t.now)
	}
	return nil
}

func notExpired(t *trial) *fault.Error {
	if t.Label.NotAfter <= t.now {
		return fault.New(fault.LabelExpired, "to %d, it is %d", t.Label.NotAfter, t.now)
	}
	return nil
}

func unseen(t *trial) *fault.Error {
	return t.judge.memory.take(t.Label.Maker, t.Label.Boot, t.Label.Number)
}
