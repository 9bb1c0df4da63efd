// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"dukou.dev/dukou/internal/problem"
)

// Problem is a refusal or failure as the center tells it (RFC 9457).
type Problem struct{ problem.Document }

// Error is the sentence, the fields that are not right, and what to do next, without
// anything that would change what a terminal shows.
func (p *Problem) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", p.Code, Printable(p.sentence()))
	for _, f := range p.Fields {
		fmt.Fprintf(&b, "\n  %s: %s", Printable(f.Name), Printable(f.Detail))
	}
	if next := p.next(); next != "" {
		fmt.Fprintf(&b, "\n%s", next)
	}
	if p.Status >= http.StatusInternalServerError && p.Request != "" {
		fmt.Fprintf(&b, "\nThe center's log and its audit have this call as %s.", Printable(p.Request))
	}
	return b.String()
}

func (p *Problem) sentence() string {
	if p.Detail != "" {
		return p.Detail
	}
	return p.Title
}

// next says what to do where the sentence of the center cannot know this command line.
func (p *Problem) next() string {
	switch problem.Code(p.Code) {
	case problem.SignedOut:
		return "Sign in: dukou login NAME"
	case problem.FactorWanted:
		return "Show it: dukou login --again, or on a terminal call again"
	case problem.PasswordOld:
		return "Change it: dukou login NAME --change-password"
	case problem.Stale:
		return "Someone changed it meanwhile. Read it again, and repeat the command without --revision."
	case problem.TooMany, problem.Unavailable:
		return "Try again later."
	default:
		return ""
	}
}

// problemOf reads the problem of an answer.
func problemOf(response *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(response.Body, maxProblem))
	p := &Problem{}
	if err != nil || json.Unmarshal(body, &p.Document) != nil || p.Code == "" {
		p.Document = problem.Document{Code: string(problem.Internal), Detail: fmt.Sprintf("the center answered with status %d", response.StatusCode)}
	}
	p.Status = response.StatusCode
	return p
}
