// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package parts

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io/fs"
	"time"

	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/policy/source"
)

// Spread says what the policies are about that are added to a folder's own.
type Spread string

// Each half of Mixed names other objects, or other persons at the object that is asked
// for. Those of One name neither: all of them must be looked at for every parcel.
const (
	Mixed Spread = "mixed"
	One   Spread = "all for one flow"
)

// Crowded is the folder's policy with Cedar policies added up to a number of them.
func Crowded(folder fs.FS, total int, s Spread, flow string) (*policy.Policy, error) {
	src, err := source.Load(folder)
	if err != nil {
		return nil, err
	}
	o := source.Options{Version: 1, Now: time.Now(), Issuers: map[string]ed25519.PublicKey{}}
	for _, name := range src.MissingIssuers() {
		o.Issuers[name] = make(ed25519.PublicKey, ed25519.PublicKeySize)
	}
	b, err := src.Bundle(o)
	if err != nil {
		return nil, err
	}
	own := 0
	for _, f := range b.Cedar {
		own += bytes.Count([]byte(f.Text), []byte("@id("))
	}
	var text bytes.Buffer
	for i := range total - own {
		addPolicy(&text, &b, flow, s, i)
	}
	b.Cedar = append(b.Cedar, policy.CedarFile{Name: "crowd.cedar", Text: text.String()})
	return policy.Compile(b)
}

func addPolicy(text *bytes.Buffer, b *policy.Bundle, flow string, s Spread, i int) {
	for _, f := range b.Flows {
		if f.Name != flow {
			continue
		}
		switch {
		case s == One:
			fmt.Fprintf(text, "@id(\"crowd-%d\") forbid (principal, action == Action::%q, resource) when { context.confidentiality > 5 };\n", i, f.Action)
		case i%2 == 0:
			fmt.Fprintf(text, "@id(\"crowd-%d\") permit (principal in Group::\"persons\", action == Action::%q, resource == Object::\"intranet/other-%d\");\n", i, f.Action, i)
		default:
			fmt.Fprintf(text, "@id(\"crowd-%d\") forbid (principal == Subject::\"internet/person-9%05d\", action == Action::%q, resource == Object::%q);\n", i, i, f.Action, f.Object)
		}
	}
}
