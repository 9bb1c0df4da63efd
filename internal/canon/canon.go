// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package canon is the one canonical byte form of everything that is signed or
// judged: CBOR with core deterministic encoding (RFC 8949 section 4.2.1) and, on
// reading, nothing else: what does not encode back to the same bytes is refused.
package canon

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

// Limits on any decoded item, whatever its type.
const (
	maxNesting = 48 // a bundle nests a schema of policy.MaxDepth, three levels for each of its own
	maxItems   = 1 << 17
	maxPairs   = 1 << 12
)

// ErrNotCanonical says that bytes decode but are not the one encoding of what they hold.
var ErrNotCanonical = errors.New("not the canonical encoding")

type modes struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

var mode = newModes() //nolint:gochecknoglobals // immutable codec settings

func newModes() modes {
	eo := cbor.CoreDetEncOptions()
	eo.NilContainers = cbor.NilContainerAsEmpty // nil and empty slices have one encoding
	enc, err := eo.EncMode()
	if err != nil {
		panic(err)
	}
	dec, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: maxNesting, MaxArrayElements: maxItems, MaxMapPairs: maxPairs,
		IntDec: cbor.IntDecConvertSignedOrFail, UTF8: cbor.UTF8RejectInvalid,
		DefaultMapType:    reflect.TypeFor[map[string]any](),
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return modes{enc: enc, dec: dec}
}

// Marshal is the canonical encoding of v. Structs are encoded as v's cbor tags say.
func Marshal(v any) ([]byte, error) {
	b, err := mode.enc.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return b, nil
}

// Must is Marshal of a value that cannot fail to encode; it panics otherwise.
func Must(v any) []byte {
	b, err := Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}

// Unmarshal decodes data into v, a pointer, and accepts the canonical encoding only.
func Unmarshal(data []byte, v any) error {
	if err := mode.dec.Unmarshal(data, v); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	again, err := mode.enc.Marshal(v)
	if err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	if !bytes.Equal(again, data) {
		return fmt.Errorf("decode: %w", ErrNotCanonical)
	}
	return nil
}
