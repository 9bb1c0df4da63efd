// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft

import (
	"encoding/json"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/problem"
)

// Outcome says in a code what the result of a publication says in a sentence, for who
// tells it in another language. Versions, deadline, and by whom are the publication's.
type Outcome struct {
	Code    string `json:"code" enum:"first,unconfirmed,confirmed,late,rolled-back,not-applied,not-returned,superseded,lapsed" doc:"first: in force, with nothing to go back to; late: nobody confirmed it in time; rolled-back: by a person; not-applied: it was not put in force; not-returned: it could not be put back, and is in force; lapsed: nobody approved it"`
	Problem string `json:"problem,omitempty" enum:"conflict,policy-malformed,policy-unsigned,policy-old,policy-expired" doc:"why it failed; conflict: another policy had come into force"`
	Detail  string `json:"detail,omitempty" doc:"why it failed, in a sentence"`
}

// The codes of outcomes.
const (
	codeFirst       = "first"
	codeUnconfirmed = "unconfirmed"
	codeConfirmed   = "confirmed"
	codeLate        = "late"
	codeRolledBack  = "rolled-back"
	codeNotApplied  = "not-applied"
	codeNotReturned = "not-returned"
	codeSuperseded  = "superseded"
	codeLapsed      = "lapsed"
)

// failureOf is the sentence of a code of what failed.
func failureOf(code string) string {
	if code == codeNotReturned {
		return "It could not be put back, and is in force"
	}
	return "It was not put in force"
}

// failed is how a failure is told in codes.
func failed(code string, err error, why string) *Outcome {
	o := &Outcome{Code: code, Problem: string(problem.CodeOf(err)), Detail: why}
	if permanent(err) {
		o.Problem = string(fault.CodeOf(err))
	}
	return o
}

// encoded is an outcome as it is kept; none is kept as "".
func (o *Outcome) encoded() (string, error) {
	if o == nil {
		return "", nil
	}
	b, err := json.Marshal(o)
	return string(b), err
}

func outcomeOf(text string) (*Outcome, error) {
	if text == "" {
		return nil, nil
	}
	var o Outcome
	return &o, json.Unmarshal([]byte(text), &o)
}
