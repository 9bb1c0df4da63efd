// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"fmt"
	"strings"
	"unicode"
)

// Printable is a text with everything escaped that could move the cursor, change what
// was shown before, or turn the direction of the text: what a center tells has come from
// many hands. Line ends become spaces.
func Printable(text string) string { return Block(strings.ReplaceAll(text, "\n", " ")) }

// Block is like Printable, and keeps line ends.
func Block(text string) string {
	if !strings.ContainsFunc(text, unfit) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\r', r == '\t':
			b.WriteByte(' ')
		case unfit(r):
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Difference is what two persons sign over, as a block. A line of its words has English, a
// tab and Chinese (docs/formats/proposal.md): the Chinese stands below, whatever sign the
// English has in front. The text of files, which follows the words, is as it is.
func Difference(text string) string {
	var b strings.Builder
	words := true
	for line := range strings.Lines(text) {
		words = words && !strings.HasPrefix(line, "--- ")
		english, chinese, both := strings.Cut(line, "\t")
		if words && both {
			line = english + "\n  " + chinese
		}
		b.WriteString(Block(line))
	}
	return b.String()
}

func unfit(r rune) bool { return r != '\n' && r != ' ' && !unicode.IsPrint(r) && r != '\u3000' }
