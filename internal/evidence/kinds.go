// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package evidence

import (
	"encoding/json"
	"fmt"
	"maps"
)

// Field is what entries are found and counted by.
type Field string

// The fields. All but the last three make up an entry's kind.
const (
	FieldLog       Field = "log" // the component whose log it is
	FieldClass     Field = "class"
	FieldFlow      Field = "flow"
	FieldAction    Field = "action"
	FieldVerdict   Field = "verdict"
	FieldReason    Field = "reason"
	FieldLevel     Field = "level"     // confidentiality in the label, of a decision
	FieldIntegrity Field = "integrity" // in the label, of a decision
	FieldProtocol  Field = "protocol"  // in the label of what was allowed
	FieldPurpose   Field = "purpose"   // in the label of what was allowed
	FieldSubject   Field = "subject"
	FieldObject    Field = "object"
	FieldAddress   Field = "address" // where an administrator's act came from
)

// The fields of a kind, in the order of a shape.
const (
	inLog = iota
	inClass
	inFlow
	inAction
	inVerdict
	inReason
	inLevel
	inIntegrity
	inProtocol
	inPurpose
	shapeFields
)

// Fields are all fields.
func Fields() []Field {
	return []Field{FieldLog, FieldClass, FieldFlow, FieldAction, FieldVerdict, FieldReason, FieldLevel,
		FieldIntegrity, FieldProtocol, FieldPurpose, FieldSubject, FieldObject, FieldAddress}
}

// inShape is a field's place in a shape, false for one that is not of a kind.
func (f Field) inShape() (int, bool) {
	for i, field := range Fields()[:shapeFields] {
		if field == f {
			return i, true
		}
	}
	return 0, false
}

func (f Field) valid() bool {
	_, ok := f.inShape()
	return ok || f == FieldSubject || f == FieldObject || f == FieldAddress
}

// shape is what a kind of entries has in common, in the order of the constants above.
type shape [shapeFields]string

func (s shape) text() string {
	b, _ := json.Marshal(s) // a list of strings
	return string(b)
}

func parseShape(text string) (s shape, err error) {
	if err = json.Unmarshal([]byte(text), &s); err != nil {
		err = fmt.Errorf("a kind of entries: %w", err)
	}
	return s, err
}

// elided stands for a text of which a log has had too many.
const elided = "…"

// maxKinds bounds the kinds of one log. A component that was taken over can make up
// flows and reasons without end: what is new then is indexed without them.
const maxKinds = 32 << 10

// general is the shape without what its log can make up.
func (s shape) general() shape {
	for _, i := range []int{inFlow, inAction, inReason, inProtocol, inPurpose} {
		s[i] = elided
	}
	if s[inVerdict] != verdictAllow && s[inVerdict] != verdictRefuse {
		s[inVerdict] = elided
	}
	s[inLevel], s[inIntegrity] = "", ""
	return s
}

// kinds are all kinds of entries. A set that others may read is never changed, but for
// put, by who made it.
type kinds struct {
	ids    map[shape]int64
	shapes map[int64]shape
	ofLog  map[string]int
	last   int64
}

func newKinds() kinds {
	return kinds{ids: map[shape]int64{}, shapes: map[int64]shape{}, ofLog: map[string]int{}}
}

func (k *kinds) put(s shape, id int64) {
	k.ids[s], k.shapes[id] = id, s
	k.ofLog[s[inLog]]++
	k.last = max(k.last, id)
}

// with is a set that has others as well.
func (k kinds) with(fresh map[shape]int64) kinds {
	if len(fresh) == 0 {
		return k
	}
	k.ids, k.shapes, k.ofLog = maps.Clone(k.ids), maps.Clone(k.shapes), maps.Clone(k.ofLog)
	for s, id := range fresh {
		k.put(s, id)
	}
	return k
}
