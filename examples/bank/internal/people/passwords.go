// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package people

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Friendly lists those who sign in with a name of their own, as far as the book
// goes. They are the ones whom the demonstration calls by name.
func (b *Book) Friendly() []*Person {
	var all []*Person
	for i := range b.persons {
		if p := &b.persons[i]; p.Login != p.ID {
			all = append(all, p)
		}
	}
	return all
}

// Password is the password of a made-up person. It is no secret: it follows from
// public data, so that a demonstration can print it.
func (b *Book) Password(p *Person) string {
	if p.Login != p.ID {
		return "ferry-" + p.Login + "-2026"
	}
	mac := hmac.New(sha256.New, []byte("example bank, made-up passwords"))
	fmt.Fprintf(mac, "%d %s", b.Seed, p.ID)
	return "demo-" + hex.EncodeToString(mac.Sum(nil)[:6])
}

// MaskedName is the family name's first character and one asterisk for each other.
func (p *Person) MaskedName() string {
	masked := make([]rune, 0, 4)
	for i, c := range []rune(p.Name) {
		if i > 0 {
			c = '*'
		}
		masked = append(masked, c)
	}
	return string(masked)
}
