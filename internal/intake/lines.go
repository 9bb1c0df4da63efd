// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/problem"
)

// Lines takes in lines of JSON from the source of a token, all of them or none, and
// tells how many once they are on the disk.
func (i *Intake) Lines(ctx context.Context, name, token, address string, body []byte) (int, error) {
	s, err := i.byToken(ctx, name, token)
	if problem.CodeOf(err) == problem.Unknown {
		return 0, problem.New(problem.Credentials, "the source or its token is not right")
	}
	if err != nil {
		return 0, err
	}
	all, err := readLines(body)
	if err != nil {
		i.counted(s.ID, 0, 1)
		return 0, err
	}
	if !i.limit(&s).AllowN(i.Now(), len(all)) {
		i.counted(s.ID, 0, 1)
		return 0, problem.New(problem.TooMany, "this source may send %d entries a second", s.Rate)
	}
	tickets := make([]audit.Ticket, len(all))
	for n, t := range all {
		t.From = address
		tickets[n] = i.Record(s.entry(t))
	}
	for _, t := range tickets {
		if err := t.Wait(); err != nil {
			return 0, problem.Wrap(problem.Unavailable, err, "it cannot be recorded")
		}
	}
	i.counted(s.ID, int64(len(all)), 0)
	return len(all), nil
}

// readLines reads objects of JSON, one a line; empty lines do not count.
func readLines(body []byte) ([]told, error) {
	var all []told
	number := 0
	for text := range bytes.Lines(body) {
		number++
		text = bytes.TrimSpace(text)
		if len(text) == 0 {
			continue
		}
		if len(all) == MaxLines {
			return nil, problem.New(problem.TooLarge, "at most %d lines at once", MaxLines)
		}
		t, why := readLine(text)
		if why.Code != "" {
			return nil, &problem.Error{Code: problem.Invalid, Detail: "nothing was taken", Fields: []problem.Field{why.At(fmt.Sprintf("line[%d]", number))}}
		}
		all = append(all, t)
	}
	if all == nil {
		return nil, problem.New(problem.Invalid, "there is no line")
	}
	return all, nil
}

// readLine reads one object. The names that it looks for are those that most loggers use.
func readLine(text []byte) (told, problem.Why) {
	if len(text) > MaxText {
		return told{}, problem.AtMost(problem.Bytes, MaxText)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil || m == nil {
		return told{}, problem.Because(problem.Kind, "not an object of JSON", "object")
	}
	t := told{Detail: Detail{Format: "json", Text: string(bytes.ToValidUTF8(text, []byte("\uFFFD"))), Severity: first(m, "severity", "level"), Host: line(first(m, "host", "hostname"), audit.MaxString)}}
	t.Severity = line(t.Severity, 32)
	t.app = first(m, "event", "action", "app", "logger", "program")
	if t.summary = first(m, "message", "msg"); t.summary == "" {
		t.summary = t.Text
	}
	if at, err := time.Parse(time.RFC3339, first(m, "time", "timestamp", "@timestamp")); err == nil {
		t.Time = max(at.UnixMilli(), 0)
	}
	return t, problem.Why{}
}

// first is the first of some members that is a text.
func first(m map[string]any, names ...string) string {
	for _, name := range names {
		if s, ok := m[name].(string); ok && s != "" {
			return s
		}
	}
	return ""
}
