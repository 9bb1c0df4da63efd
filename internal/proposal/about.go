// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package proposal

import (
	"encoding/json"
	"errors"
	"time"

	"dukou.dev/dukou/internal/problem"
)

// About says in a code and what belongs to it what the title of a proposal says in a
// sentence, for who tells it in another language.
type About struct {
	Code        string    `json:"code" enum:"publish-policy,admit-component,dismiss-component,accept-configuration,weaken-account-rules,set-retention,switch-audit-class,destroy-details,lower-rule,admit-partner,dismiss-partner,release-quarantined" doc:"the kind"`
	Publication string    `json:"publication,omitempty" doc:"id of the publication"`
	Version     uint64    `json:"version,omitempty" doc:"of the policy"`
	Name        string    `json:"name,omitempty" doc:"of the publication, as a person has written it"`
	Component   string    `json:"component,omitempty"`
	Fingerprint string    `json:"fingerprint,omitempty" doc:"of the component's or the partner's key"`
	Number      int64     `json:"number,omitempty" doc:"of the configuration"`
	Partner     string    `json:"partner,omitempty"`
	Parcel      string    `json:"parcel,omitempty" doc:"id of what is released from quarantine at the component"`
	Rule        string    `json:"rule,omitempty" doc:"of alerts"`
	For         string    `json:"for,omitempty" doc:"component or flow that the rule is changed for; none for all"`
	Class       string    `json:"class,omitempty" doc:"of audit"`
	Days        int       `json:"days,omitempty" doc:"for which it is kept"`
	Before      string    `json:"before,omitempty" doc:"day, in UTC, before which details are destroyed"`
	From        time.Time `json:"from,omitzero" doc:"when a class begins to be left out"`
	To          time.Time `json:"to,omitzero" doc:"when it ends"`
}

// Outcome says in a code what the result of a proposal says in a sentence.
type Outcome struct {
	Code    string `json:"code" enum:"done,failed,duty-lost,act-unknown,expired" doc:"duty-lost: who voted does not hold the duty any more; act-unknown: to this version of the center"`
	Name    string `json:"name,omitempty" doc:"of who has lost the duty"`
	Problem string `json:"problem,omitempty" doc:"code of why it failed, as in the answer of a call that failed"`
	Detail  string `json:"detail,omitempty" doc:"why it failed, in a sentence"`
}

// The codes of outcomes.
const (
	codeDone    = "done"
	codeFailed  = "failed"
	codeLost    = "duty-lost"
	codeUnknown = "act-unknown"
	codeExpired = "expired"
)

// lostError says that somebody who voted holds the duty no more.
type lostError struct{ name string }

func (e *lostError) Error() string { return e.name + " has lost the duty" }

// outcomeOf is how a failure is told in codes.
func outcomeOf(err error, detail string) *Outcome {
	if lost, ok := errors.AsType[*lostError](err); ok {
		return &Outcome{Code: codeLost, Name: lost.name}
	}
	return &Outcome{Code: codeFailed, Problem: problem.Of(err).Code, Detail: detail}
}

// encoded is a code with what belongs to it as it is kept; none is kept as "".
func encoded[T any](of *T) (string, error) {
	if of == nil {
		return "", nil
	}
	b, err := json.Marshal(of)
	return string(b), err
}

func decoded[T any](text string) (*T, error) {
	if text == "" {
		return nil, nil
	}
	of := new(T)
	return of, json.Unmarshal([]byte(text), of)
}
