// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"

	"dukou.dev/dukou/examples/bank/internal/people"
)

const maxRows = 100_000

// Status of a row of an answer. They are part of the format.
const (
	statusOK       = "ok"
	statusRefused  = "refused" // the report is sealed
	statusNobody   = "no-such-person"
	statusPurpose  = "bad-purpose"
	statusInvalid  = "invalid" // no person id at all
	batchSelf      = "self-inquiry"
	batchReviewing = "loan-review"
)

func requestHeader() []string { return []string{"person_id", "purpose"} }

func answerHeader() []string { return []string{"person_id", "name", "score", "level", "status"} }

// Tally counts the rows of an answer.
type Tally struct{ Rows, OK, Refused, Other int }

// NewRequest makes a request about the first n persons.
func NewRequest(n int) ([]byte, error) {
	if n < 0 || n > maxRows {
		return nil, fmt.Errorf("make a request: %d is not between 0 and %d", n, maxRows)
	}
	rows := [][]string{requestHeader()}
	for i := range n {
		rows = append(rows, []string{people.ID(i + 1), batchReviewing})
	}
	return encode(rows)
}

// Check compares an answer with what the books say to the request, row by row.
func Check(book *people.Book, request, answer []byte) (Tally, error) {
	want, tally, err := answerTo(book, request)
	if err != nil {
		return Tally{}, err
	}
	expected, err := csv.NewReader(bytes.NewReader(want)).ReadAll()
	if err != nil {
		return Tally{}, fmt.Errorf("read what was expected: %w", err)
	}
	got, err := csv.NewReader(bytes.NewReader(answer)).ReadAll()
	if err != nil {
		return Tally{}, fmt.Errorf("read the answer: %w", err)
	}
	for i := range min(len(got), len(expected)) {
		if !slices.Equal(got[i], expected[i]) {
			return Tally{}, fmt.Errorf("line %d is %q, not %q", i+1, got[i], expected[i])
		}
	}
	if len(got) != len(expected) {
		return Tally{}, fmt.Errorf("%d lines, not %d", len(got), len(expected))
	}
	return tally, nil
}

// answerTo is a pure function: the same request gets the same answer, whenever.
func answerTo(book *people.Book, request []byte) ([]byte, Tally, error) {
	rows, err := parse(request)
	if err != nil {
		return nil, Tally{}, err
	}
	id := regexp.MustCompile(`^person-[0-9]{6}$`)
	out := make([][]string, 0, len(rows)+1)
	out = append(out, answerHeader())
	tally := Tally{Rows: len(rows)}
	for _, r := range rows {
		if !id.MatchString(r[0]) {
			// What is no id is not repeated: it may be anything.
			out = append(out, []string{"", "", "", "", statusInvalid})
			tally.Other++
			continue
		}
		row := answerRow(book.ByID(r[0]), r[0], r[1])
		tally.count(row[4])
		out = append(out, row)
	}
	answer, err := encode(out)
	return answer, tally, err
}

// answerRow says nothing about a sealed person but that they are refused.
func answerRow(p *people.Person, id, purpose string) []string {
	switch {
	case purpose != batchSelf && purpose != batchReviewing:
		return []string{id, "", "", "", statusPurpose}
	case p == nil:
		return []string{id, "", "", "", statusNobody}
	case p.Sealed():
		return []string{id, "", "", "", statusRefused}
	}
	return []string{id, p.MaskedName(), strconv.Itoa(p.Score), strconv.Itoa(p.Level), statusOK}
}

func (t *Tally) count(status string) {
	switch status {
	case statusOK:
		t.OK++
	case statusRefused:
		t.Refused++
	default:
		t.Other++
	}
}

// parse reads the rows of a request without its header.
func parse(request []byte) ([][]string, error) {
	r := csv.NewReader(bytes.NewReader(request))
	r.FieldsPerRecord = len(requestHeader())
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotRequest, err)
	}
	if !slices.Equal(header, requestHeader()) {
		return nil, fmt.Errorf("%w: its first line is not the header", errNotRequest)
	}
	var rows [][]string
	for {
		row, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case err != nil:
			return nil, fmt.Errorf("%w: %w", errNotRequest, err)
		case len(rows) == maxRows:
			return nil, fmt.Errorf("%w: more than %d rows", errNotRequest, maxRows)
		}
		rows = append(rows, row)
	}
}

func encode(rows [][]string) ([]byte, error) {
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		return nil, fmt.Errorf("write CSV: %w", err)
	}
	return b.Bytes(), nil
}
