// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package policy is all that is decided by: the bundle, which the approvers sign,
// and Decide, a pure function over it. Nothing is permitted that the bundle does
// not permit. The byte form is in docs/formats/bundle.md; the YAML and Cedar files
// that it is built from are read by policy/source.
package policy

import (
	"crypto/ed25519"
	"strconv"

	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
)

// Format is the only format of the bundle.
const Format = 1

// Bundle is all policy of a moment. Times are Unix milliseconds. Names are unique
// within their list; Compile checks that.
type Bundle struct {
	Format     uint8
	Version    uint64 // grows with every bundle
	Created    int64
	NotBefore  int64
	NotAfter   int64
	Guard      string   // the guard that enforces it
	Term       uint64   // its reign
	Categories []string // the name of each bit
	Zones      []Zone
	Components []Component
	Issuers    []Issuer
	Subjects   []Subject
	Objects    []Object
	Flows      []Flow
	Cedar      []CedarFile
	Sealed     []SealedPart // what only one component may read, e.g. its credentials
}

// Zone is one graded system with its network.
type Zone struct {
	Name string
	// Class is the most confidential that may enter, the least integrity that may
	// enter, the categories that may enter; what leaves claims at most this integrity.
	Class label.Class
	Inner bool // the zone on the center's side
}

// Role says what a component does.
type Role string

// The roles.
const (
	RoleFront  Role = "front"
	RoleOuter  Role = "guard-outer"
	RoleGate   Role = "guard-gate" // the second judge outwards, at the inner end of the link
	RoleInner  Role = "guard-inner"
	RoleCenter Role = "center"
	RoleClient Role = "terminal" // sends and receives files through a front
)

// Component is an admitted process and its public keys.
type Component struct {
	ID   string
	Role Role
	Zone string
	Key  ed25519.PublicKey // of its TLS connections and its log
	Seal []byte            // HPKE public key that leases are sealed to
}

// Issuer is an application inside whose tokens prove a subject.
type Issuer struct {
	Name string
	Key  ed25519.PublicKey
	// Audience is whom its tokens must be for (RFC 7519 section 4.1.3). Empty for tokens
	// that name nobody: one that names somebody is for somebody else then.
	Audience string
}

// Subject is who may ask. A name that ends in "*" stands for all with that prefix,
// for subjects that a token names.
type Subject struct {
	ID        string // "zone/name"
	Groups    []string
	Clearance label.Class // what may be told to it
	Proxies   []Proxy     // who stands in for it in other zones
}

// Proxy is the subject that stands in for another in a zone.
type Proxy struct {
	Zone    string
	Subject string // "zone/name"; a trailing "*" keeps the part that the subject's "*" stood for
}

// Object is what is asked for or delivered to.
type Object struct {
	ID      string // "zone/name"
	Class   label.Class
	Groups  []string
	Aliases []Alias
}

// Alias is the name of an object in another zone.
type Alias struct {
	Zone string
	Name string // "zone/name"
}

// Flow is a named, permitted way for parcels from one zone to another.
type Flow struct {
	Name     string
	From, To string // zones
	Kind     string // "ask" or "deliver"
	Protocol string // "http" or "file"
	Entry    string // component that takes the protocol apart
	Exit     string // component that builds it anew
	Listener string // name in the entry's own configuration: an address or a directory
	Target   string // name in the exit's own configuration
	Object   string // id of the object
	Action   string
	Purpose  string
	Class    label.Class       // base class of what crosses From to To; its integrity is what the maker claims
	Answer   label.Class       // base class of answers
	Raise    label.Level       // integrity after Checks, zero for none
	Checks   []string          // named checks of the exit's front; "form" is made by the judges too
	Accept   []label.Assurance // what its labels may say of how the subject was established
	// Proofs are the methods that must hold together, in the order in which they are
	// tried; a label says the strongest. Empty where each of Accept is a way by itself.
	Proofs  [][]label.Assurance
	Issuer  string // of tokens, where Accept names them
	Unknown string // "drop" or "refuse": what the forms do not name
	Forms   []Form
	Routes  []Route // of http
	Files   *Files  // of file
	Limits  Limits

	ways []Way
}

// Form is one shape of canonical content. A record's "form" names it.
type Form struct {
	Name    string
	Request Schema
	Answers []AnswerForm
}

// AnswerForm is the content of an answer with a status.
type AnswerForm struct {
	Status int64
	Schema Schema
}

// Route ties an HTTP method and path template to a form. The template's segments
// are literal or {name}; the content is {"form", "path", "query", "header", "body"}.
type Route struct {
	Form   string
	Method string
	Path   string
}

// Files are the rules of a file flow; its content is {"form":"file","name","size","modified"}.
type Files struct {
	MaxSize    uint64
	Extensions []string // allowed, lower case with dot; empty for any
	Ready      string   // "rename", "marker" or "settled": how a watched file tells that it is whole
	Receipts   bool     // write a receipt beside the sent file
}

// Limits bound a flow. A zero means the default.
type Limits struct {
	RequestBytes  int64
	AnswerBytes   int64
	Rate          int64 // requests a second for each subject
	Burst         int64
	Concurrent    int64 // under way at once
	TimeoutMillis int64 // from request to answer
	LabelMillis   int64 // validity of a label
	Bytes         int64 `cbor:",omitempty"` // of delivered bodies a second for each subject
}

// CedarFile is one file of policies.
type CedarFile struct {
	Name string
	Text string
}

// SealedPart is HPKE-sealed to one component.
type SealedPart struct {
	Component  string
	Ciphertext []byte
}

// DirectoryInfo is the HPKE info string that a Directory is sealed under.
const DirectoryInfo = "dukou directory 1"

// Directory is a front's sealed part: the credentials of its zone's subjects, and from
// where they may be used.
type Directory struct {
	Credentials []Credential
	Bindings    []Binding
}

// Binding ties a subject to where it may come from, however it proves itself. Of a list
// that is not empty the client must be at one.
type Binding struct {
	Subject   string   // "zone/name"; of a family it binds every member
	Addresses []string // IP prefixes, e.g. "10.1.2.0/24"
	Hardware  []string // of network cards on the front's own links, e.g. "02:00:5e:10:00:01"
}

// Credential proves a subject to a front.
type Credential struct {
	Subject string
	Method  label.Assurance
	Name    string // user name of a password, else empty
	Value   string // api-key: SHA-256 in hex; password: argon2id in PHC form; certificate: SHA-256 of the SPKI in hex
}

// Anchors are pinned at installation: who may approve a bundle, and how many must.
type Anchors struct {
	Approvers []ed25519.PublicKey
	Quorum    int
}

// Open verifies a signed bundle against the anchors and compiles it. now is in Unix
// milliseconds; floor is the highest version that was durably seen: a bundle below
// it is PolicyOld, the same version is accepted again.
func Open(data []byte, a Anchors, now int64, floor uint64) (*Policy, error) {
	s, err := envelope.Decode(data)
	if err != nil {
		return nil, fault.Wrap(fault.PolicyMalformed, err, "bundle")
	}
	var b Bundle
	if len(s.Signers(envelope.Bundle, a.Approvers)) < max(a.Quorum, 1) {
		return nil, fault.New(fault.PolicyUnsigned, "bundle has %d of %d approvals", len(s.Signers(envelope.Bundle, a.Approvers)), a.Quorum)
	}
	if err := s.Open(envelope.Bundle, a.Quorum, a.Approvers, &b); err != nil {
		return nil, fault.Wrap(fault.PolicyMalformed, err, "bundle")
	}
	switch {
	case b.Version < floor:
		return nil, fault.New(fault.PolicyOld, "bundle version %d, version %d was in force before", b.Version, floor)
	case now >= b.NotAfter:
		return nil, fault.New(fault.PolicyExpired, "bundle version %d has ended", b.Version)
	}
	return Compile(b)
}

// VersionName is a bundle's version as audit records name it.
func VersionName(version uint64) string { return "bundle/" + strconv.FormatUint(version, 10) }
