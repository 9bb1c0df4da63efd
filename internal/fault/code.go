// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"maps"
	"slices"
)

// Code is a stable name of one cause. It crosses to callers and is never reused
// for another meaning.
type Code string

// Codes of the label checks, in the order in which a judge makes them
// (docs/formats/label.md).
const (
	LabelMissing      Code = "label-missing"      // no label at all
	LabelMalformed    Code = "label-malformed"    // not the canonical form
	LabelWrongJudge   Code = "label-wrong-judge"  // no tag for this judge
	LabelWindow       Code = "label-window"       // made for an earlier life of this judge; label anew
	LabelEpoch        Code = "label-epoch"        // no key for this maker and epoch
	LabelAltered      Code = "label-altered"      // the tag does not match the label
	LabelTransplanted Code = "label-transplanted" // the label belongs to another parcel
	LabelStolen       Code = "label-stolen"       // presented by another than its maker
	LabelEarly        Code = "label-early"        // not valid yet
	LabelExpired      Code = "label-expired"      // no longer valid
	LabelReplayed     Code = "label-replayed"     // this number was seen before
	LabelOld          Code = "label-old"          // number behind the window, or of an earlier life of its maker
	LabelTerm         Code = "label-term"         // of a lower term than this receiver has seen
	LabelDimension    Code = "label-dimension"    // subject, object, action, protocol or purpose differ from the flow's
	LabelLevel        Code = "label-level"        // the level or a category may not go where the parcel goes
	LabelLow          Code = "label-low"          // below the least label of the content
	LabelIntegrity    Code = "label-integrity"    // integrity too low for the object
)

// Codes of the parcel's form.
const (
	ParcelMalformed Code = "parcel-malformed"
	ParcelAltered   Code = "parcel-altered" // a chunk does not belong to the body
	ParcelTooLarge  Code = "parcel-too-large"
	ParcelUnknown   Code = "parcel-unknown"  // an answer to nothing that was asked
	ContentInvalid  Code = "content-invalid" // outside of the flow's canonical content
	ContentType     Code = "content-type"    // a media type that the flow does not name
	ContentTooLarge Code = "content-too-large"
	ContentRefused  Code = "content-refused" // a check that the flow names said no
	NameInvalid     Code = "name-invalid"    // a file name that may not be
)

// Codes of policy.
const (
	PolicyMissing   Code = "policy-missing" // no bundle
	PolicyExpired   Code = "policy-expired"
	PolicyMalformed Code = "policy-malformed"
	PolicyUnsigned  Code = "policy-unsigned" // less than the quorum of approvers
	PolicyOld       Code = "policy-old"      // a version at or below one seen
	PolicyDenied    Code = "policy-denied"   // no permit, or a forbid
	PolicyError     Code = "policy-error"    // a policy could not be decided: refused
	FlowUnknown     Code = "flow-unknown"
	FlowDirection   Code = "flow-direction" // zones or components are not the flow's
	RouteUnknown    Code = "route-unknown"
	SubjectUnknown  Code = "subject-unknown"
	SubjectUnmapped Code = "subject-unmapped"
	SubjectLevel    Code = "subject-level"    // the subject's clearance is too low
	EvidenceInvalid Code = "evidence-invalid" // the token or certificate does not prove the subject
)

// Codes of identity, load and carriage.
const (
	CredentialMissing Code = "credential-missing"
	CredentialInvalid Code = "credential-invalid"
	BindingMismatch   Code = "binding-mismatch" // from an address or network card that the subject is not bound to
	RateLimited       Code = "rate-limited"
	TooBusy           Code = "too-busy"
	RequestMalformed  Code = "request-malformed"
	UpgradeRefused    Code = "upgrade-refused"    // WebSocket, upgrade, streaming
	GuardUnavailable  Code = "guard-unavailable"  // no connection to the guard, or between its halves
	PeerUnavailable   Code = "peer-unavailable"   // the component of the other side is not connected
	TargetUnavailable Code = "target-unavailable" // the application was not reached
	TargetFailed      Code = "target-failed"      // the application may have been reached and did not answer properly
	TargetTimeout     Code = "target-timeout"
	Interrupted       Code = "interrupted"   // broke off; whether the application was reached is unknown
	PeerUnknown       Code = "peer-unknown"  // a key that nobody admitted
	RecordFailed      Code = "record-failed" // could not be recorded, so nothing passed
	InternalError     Code = "internal-error"
)

var kinds = map[Code]Kind{ //nolint:gochecknoglobals // a constant table
	LabelMissing: Refused, LabelMalformed: Refused, LabelWrongJudge: Refused, LabelWindow: Unavailable,
	LabelEpoch: Refused, LabelAltered: Refused, LabelTransplanted: Refused, LabelStolen: Refused,
	LabelEarly: Refused, LabelExpired: Refused, LabelReplayed: Refused, LabelOld: Refused, LabelTerm: Refused,
	LabelDimension: Refused, LabelLevel: Refused, LabelLow: Refused, LabelIntegrity: Refused,
	ParcelMalformed: Refused, ParcelAltered: Refused, ParcelTooLarge: TooLarge, ParcelUnknown: Refused,
	ContentInvalid: Refused, ContentType: Refused, ContentTooLarge: TooLarge, ContentRefused: Refused, NameInvalid: Refused,
	PolicyMissing: Unavailable, PolicyExpired: Unavailable, PolicyMalformed: Refused, PolicyUnsigned: Refused, PolicyOld: Refused,
	PolicyDenied: Refused, PolicyError: Refused, FlowUnknown: Refused, FlowDirection: Refused, RouteUnknown: Refused,
	SubjectUnknown: Refused, SubjectUnmapped: Refused, SubjectLevel: Refused, EvidenceInvalid: Refused,
	CredentialMissing: Unauthenticated, CredentialInvalid: Unauthenticated, BindingMismatch: Refused, RateLimited: TooMany, TooBusy: Unavailable,
	RequestMalformed: Invalid, UpgradeRefused: Refused, GuardUnavailable: Unavailable, PeerUnavailable: Unavailable,
	TargetUnavailable: BadAnswer, TargetFailed: BadAnswer, TargetTimeout: Timeout, Interrupted: BadAnswer,
	PeerUnknown: Refused, RecordFailed: Unavailable, InternalError: Internal,
}

// Known tells whether c is on the list; what comes from the other half is
// checked with it before it is repeated to anyone.
func Known(c Code) bool {
	_, ok := kinds[c]
	return ok
}

// Codes lists every code, sorted.
func Codes() []Code { return slices.Sorted(maps.Keys(kinds)) }

// KindOf is the kind of a code; an unknown code is Internal.
func KindOf(c Code) Kind { return kinds[c] }
