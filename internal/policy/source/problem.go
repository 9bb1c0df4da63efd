// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// problem is one thing wrong with the files, and where.
type problem struct {
	file         string
	line, column int
	what         string
}

// Error is "file:line:column: what", as editors know it.
func (p *problem) Error() string {
	if p.line == 0 {
		return p.file + ": " + p.what
	}
	return fmt.Sprintf("%s:%d:%d: %s", p.file, p.line, p.column, p.what)
}

// Problem is one thing that is wrong with the files, and where.
type Problem struct {
	File         string
	Line, Column int // from 1; 0 where no place is known
	What         string
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
	if p, ok := errors.AsType[*problem](err); ok {
		return []Problem{{p.file, p.line, p.column, p.what}}
	}
	return []Problem{{File: ".", What: err.Error()}}
}

// problems collects all that is wrong, so that one run shows it.
type problems struct {
	list []*problem
	read func(*object) // is shown each mapping when it was read; nil for nobody
}

func (p *problems) add(file string, line, column int, format string, args ...any) {
	p.list = append(p.list, &problem{file, line, column, fmt.Sprintf(format, args...)})
}

// join is nil or every problem, by file and line.
func (p *problems) join() error {
	slices.SortStableFunc(p.list, func(a, b *problem) int {
		if c := strings.Compare(a.file, b.file); c != 0 {
			return c
		}
		if a.line != b.line {
			return a.line - b.line
		}
		return a.column - b.column
	})
	errs := make([]error, len(p.list))
	for i, one := range p.list {
		errs[i] = one
	}
	return errors.Join(errs...)
}

// suggestion is a hint at the nearest of the allowed words, or the words themselves
// where none is near and they are few.
func suggestion(word string, allowed []string) string {
	best, distance := "", 3
	for _, a := range allowed {
		if d := editDistance(strings.ToLower(word), strings.ToLower(a)); d < distance && d < len(a) {
			best, distance = a, d
		}
	}
	if best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	if len(allowed) == 0 || len(allowed) > 24 {
		return ""
	}
	sorted := slices.Sorted(slices.Values(allowed))
	return "; known: " + strings.Join(sorted, ", ")
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
