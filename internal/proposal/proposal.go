// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package proposal is acts that two persons do together: one administrator proposes, a
// second one of the same duty looks at the same difference and approves, and only then
// it is done. What an act is, other packages say ([Act]); who may vote, and that it is
// done once, is decided here.
package proposal

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/canon"
)

// Limits of a proposal.
const (
	MaxPayload    = 1 << 20 // what is larger is kept by its part and named by digest
	MaxDifference = 256 << 10
	MaxTitle      = 200
	MaxReason     = 2000
	MaxResult     = 2000
	MaxSignatures = 4
	MaxSignature  = 16 << 10
	OpenFor       = 7 * 24 * time.Hour  // then it expires
	MaxDue        = 60 * 24 * time.Hour // the latest that it may be scheduled for
)

// Act is one kind of what two persons do together.
type Act struct {
	Kind string       // stable: "publish-policy"
	Duty account.Duty // of who proposes and of who approves; never Audit

	// Check may refuse, when it is proposed, when it is approved, and again right before
	// it is done. It changes nothing. Nil means that nothing is to be checked.
	Check func(ctx context.Context, p Proposal) error

	// Compare is what both persons must have read elsewhere and give with their yes, as a
	// fingerprint from a component's own screen. Nil for acts without such a thing.
	Compare func(p Proposal) string

	// Vote verifies what comes with a yes, as signatures: of the proposer (the first vote)
	// and of who approves. Nil refuses votes that bring signatures.
	Vote func(ctx context.Context, p Proposal, v Vote) error

	// Do does it, and says in a sentence what was done. It is called again after a crash,
	// and after an error of code [problem.Unavailable]: what was done already it must not
	// do twice. Any other error ends the proposal as failed.
	Do func(ctx context.Context, p Proposal) (result string, err error)
}

// New is what is proposed.
type New struct {
	Kind       string
	Title      string          // one line for people
	About      About           // what the title says; its code is the kind's
	Payload    json.RawMessage // what Do does it by; at most MaxPayload
	Difference string          // what both are shown; at most MaxDifference
	Reason     string          // the proposer's words
	Due        time.Time       // not before then; zero means as soon as it is approved
	Compared   string          // what the proposer read elsewhere, for acts with Compare
	Signatures [][]byte        // the proposer's, for acts that want them
}

// Ballot is what comes with a second person's yes.
type Ballot struct {
	Digest     string   // of the proposal that the person has seen
	Reason     string   // the person's words, may be empty
	Compared   string   // for acts with Compare
	Signatures [][]byte // for acts that want them
}

// State is where a proposal stands.
type State string

// The states. The first three are under way, the others are ends.
const (
	Waiting   State = "open"     // waits for a second person
	Approved  State = "approved" // waits for its time
	Doing     State = "doing"
	Done      State = "done"
	Failed    State = "failed"
	Refused   State = "refused"   // by a second person
	Withdrawn State = "withdrawn" // by who proposed it
	Expired   State = "expired"
)

// Ended tells whether nothing more becomes of a proposal.
func (s State) Ended() bool { return s != Waiting && s != Approved && s != Doing }

// Proposal is an act under way, or one that has ended.
type Proposal struct {
	ID           string          `json:"id"`
	Kind         string          `json:"kind" doc:"what is to be done: publish-policy, admit-component, ..."`
	Title        string          `json:"title"`
	About        *About          `json:"about,omitempty" doc:"what the title says, for other languages; none of an older version"`
	Payload      json.RawMessage `json:"payload,omitempty" doc:"what it is done by"`
	Difference   string          `json:"difference,omitempty" doc:"what changes; both persons see the same. A line of words is English, a tab and Chinese"`
	Digest       string          `json:"digest" doc:"SHA-256 over kind, payload, difference and due: name it when you approve"`
	Proposer     string          `json:"proposer" doc:"id of the account"`
	ProposerName string          `json:"proposerName"`
	Duty         account.Duty    `json:"duty" doc:"of both persons"`
	Reason       string          `json:"reason" doc:"of the proposer"`
	Created      time.Time       `json:"created"`
	Expires      time.Time       `json:"expires" doc:"if it is not approved until then"`
	Due          time.Time       `json:"due,omitzero" doc:"it is not done before"`
	State        State           `json:"state" enum:"open,approved,doing,done,failed,refused,withdrawn,expired"`
	Votes        []Vote          `json:"votes" doc:"the proposer's first"`
	Result       string          `json:"result,omitempty" doc:"what was done, or why not"`
	Outcome      *Outcome        `json:"outcome,omitempty" doc:"what the result says, for other languages; none before the end, and of an older version"`
	Changed      time.Time       `json:"changed"`
	Revision     int64           `json:"revision"`
}

// Vote is one person's word on a proposal.
type Vote struct {
	Account    string    `json:"account" doc:"id"`
	Name       string    `json:"name"`
	Yes        bool      `json:"yes"`
	Digest     string    `json:"digest" doc:"of what this person saw"`
	Reason     string    `json:"reason,omitempty"`
	Compared   string    `json:"compared,omitempty" doc:"what this person read elsewhere"`
	Signatures [][]byte  `json:"signatures,omitempty" doc:"for acts that want them"`
	At         time.Time `json:"at"`
}

// digestDomain keeps the digest of a proposal from being that of anything else.
const digestDomain = "dukou proposal 1"

// DigestOf is the digest that votes name: SHA-256, in lower-case hex, of the canonical
// list of a domain, kind, payload, difference and due (Unix milliseconds, 0 for none).
func DigestOf(kind string, payload []byte, difference string, due time.Time) string {
	var at int64
	if !due.IsZero() {
		at = due.UnixMilli()
	}
	sum := sha256.Sum256(canon.Must(digested{Domain: digestDomain, Kind: kind, Payload: payload, Difference: difference, Due: at}))
	return hex.EncodeToString(sum[:])
}

type digested struct {
	_          struct{} `cbor:",toarray"`
	Domain     string
	Kind       string
	Payload    []byte
	Difference string
	Due        int64
}
