// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package bilingual is words for readers of two languages. What two persons sign over is
// written in English and in Chinese side by side, so that both are shown the same, and
// the digest that they name is over both (docs/formats/proposal.md).
package bilingual

import (
	"fmt"
	"strings"
	"unicode"
)

// Words are the same words in both languages.
type Words struct {
	English string `json:"text" doc:"in English"`
	Chinese string `json:"chinese" doc:"the same in Chinese"`
}

// Say puts values into the same sentence in both languages. A value that is Words is put
// in by the language. Whatever else the values are, neither sentence has a line end, a
// tab or what hides the signs beside it: nobody ends a line, or gives one reader other
// words than the other, by the name of a thing.
func Say(english, chinese string, values ...any) Words {
	in := func(format string, of func(Words) string) string {
		own := make([]any, len(values))
		for i, v := range values {
			if w, ok := v.(Words); ok {
				v = of(w)
			}
			own[i] = v
		}
		return Plain(fmt.Sprintf(format, own...))
	}
	return Words{
		English: in(english, func(w Words) string { return w.English }),
		Chinese: in(chinese, func(w Words) string { return w.Chinese }),
	}
}

// Line is the words as a line of a difference, without its end.
func (w Words) Line() string { return w.English + "\t" + w.Chinese }

// Plain is text in one line in which nothing hides what stands beside it: what is no
// sign, and ends a line or turns or moves those around it, is written as its number.
func Plain(text string) string { return shown(text, "") }

// Block is like Plain, and keeps line ends and tabs.
func Block(text string) string { return shown(text, "\n\t") }

func shown(text, kept string) string {
	hides := func(r rune) bool { return !unicode.IsGraphic(r) && !strings.ContainsRune(kept, r) }
	if !strings.ContainsFunc(text, hides) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hides(r) {
			fmt.Fprintf(&b, "\\u{%x}", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
