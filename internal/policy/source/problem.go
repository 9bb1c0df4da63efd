// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/bilingual"
)

// Problem is one thing that is wrong with the files, or can hardly be meant, and where.
type Problem struct {
	File         string
	Line, Column int // from 1; 0 where no place is known
	What         bilingual.Words
}

// Error is "file:line:column: what" in English, as editors know it.
func (p *Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.What.English
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.What.English)
}

// Problems are what an error of Load tells of, in the order of files and lines.
func Problems(err error) []Problem {
	var list []Problem
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			list = append(list, Problems(one)...)
		}
		return list
	}
	if p, ok := errors.AsType[*Problem](err); ok {
		return []Problem{*p}
	}
	return []Problem{{File: ".", What: bilingual.Say("%v", "策略整体有误：%v", err)}}
}

// problems collects all that is wrong, so that one run shows it.
type problems struct {
	list []*Problem
	read func(*object) // is shown each mapping when it was read; nil for nobody
}

func (p *problems) add(file string, line, column int, what bilingual.Words) {
	p.list = append(p.list, &Problem{file, line, column, what})
}

// join is nil or every problem, by file and line.
func (p *problems) join() error {
	slices.SortStableFunc(p.list, func(a, b *Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column)
	})
	errs := make([]error, len(p.list))
	for i, one := range p.list {
		errs[i] = one
	}
	return errors.Join(errs...)
}

// suggestion is a hint at the nearest of the allowed words, or the words themselves
// where none is near and they are few.
func suggestion(word string, allowed []string) bilingual.Words {
	best, distance := "", 3
	for _, a := range allowed {
		if d := editDistance(strings.ToLower(word), strings.ToLower(a)); d < distance && d < len(a) {
			best, distance = a, d
		}
	}
	if best != "" {
		return bilingual.Say("; did you mean %q?", "；是否要写 %q？", best)
	}
	if len(allowed) == 0 || len(allowed) > 24 {
		return bilingual.Words{}
	}
	sorted := slices.Sorted(slices.Values(allowed))
	list := bilingual.Words{English: strings.Join(sorted, ", "), Chinese: strings.Join(sorted, "、")}
	return bilingual.Say("; known: %s", "；已知：%s", list)
}

// editDistance is Levenshtein's, cut off for long words.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
