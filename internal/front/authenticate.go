// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"crypto/sha256"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// Authenticate implements Crossing. The entry has a failure recorded by Refuse.
func (f *Front) Authenticate(ctx context.Context, flow *policy.Flow, c Credentials) (Subject, error) {
	p := f.Policy()
	if p == nil {
		return Subject{}, fault.New(fault.PolicyMissing, "no bundle")
	}
	a := attempt{front: f, policy: p, flow: flow, directory: f.directory.Load(), given: c}
	ways := flow.Ways()
	for i := range ways {
		if a.came(&ways[i]) {
			return a.prove(ctx, &ways[i])
		}
	}
	for i := range ways {
		if ofPlace(&ways[i]) { // say why the address alone does not tell who asks
			_, err := a.owner(&ways[i])
			return Subject{}, err
		}
	}
	return Subject{}, fault.New(fault.CredentialMissing, "flow %q accepts %v", flow.Name, flow.Accept)
}

// attempt is one request that is to be known as a subject's.
type attempt struct {
	front     *Front
	policy    *policy.Policy
	flow      *policy.Flow
	directory *directory
	given     Credentials

	at    place // where the request came from, valid once it was looked for
	fresh bool  // its address is watched from now on, if the subject is proven
}

// came tells whether the request has all that a way wants. Such a way decides: there
// is no second chance by a later one.
func (a *attempt) came(w *policy.Way) bool {
	for _, m := range w.Methods {
		has := true
		switch m {
		case label.ByCertificate:
			has = len(a.given.Certificates) > 0
		case label.ByToken:
			has = a.given.Token != ""
		case label.ByAPIKey:
			has = a.given.APIKey != ""
		case label.ByPassword:
			has = a.given.User != ""
		case label.ByComponent:
			has = false // no protocol carries it
		default: // where it came from it always has
		}
		if !has {
			return false
		}
	}
	if ofPlace(w) {
		_, err := a.owner(w)
		return err == nil
	}
	return true
}

// ofPlace tells whether a way looks at nothing but where a request came from.
func ofPlace(w *policy.Way) bool {
	for _, m := range w.Methods {
		if m != label.ByAddress && m != label.ByHardware {
			return false
		}
	}
	return true
}

// prove holds a request to every method of a way, and to what its subject is bound to.
// The password comes last: it costs most, and from a wrong place nobody may try it.
func (a *attempt) prove(ctx context.Context, w *policy.Way) (Subject, error) {
	s := Subject{Assurance: w.Assurance, Proof: w.Name}
	for _, m := range w.Methods {
		id, err := a.claimed(m)
		if err != nil {
			return Subject{}, err
		}
		if id == "" { // this method says nothing of who it is
			continue
		}
		if s.ID != "" && s.ID != id {
			return Subject{}, fault.New(fault.CredentialInvalid, "%s: of %q and of %q", w.Name, s.ID, id)
		}
		s.ID = id
	}
	if ofPlace(w) {
		var err error
		if s.ID, err = a.owner(w); err != nil {
			return Subject{}, err
		}
	}
	if err := a.atItsPlace(ctx, w, s.ID); err != nil {
		return Subject{}, err
	}
	if a.policy.Subject(s.ID) == nil {
		return Subject{}, fault.New(fault.SubjectUnknown, "no subject %q", s.ID)
	}
	if w.Needs(label.ByToken) {
		s.Evidence = []byte(a.given.Token)
	}
	return s, nil
}

// atItsPlace holds a request to what its subject is bound to, and then to its password.
// Who is nobody's user learns no more than who has a wrong password.
func (a *attempt) atItsPlace(ctx context.Context, w *policy.Way, id string) error {
	_, user := a.directory.passwords[a.given.User]
	if user || !w.Needs(label.ByPassword) {
		if err := a.bound(w, id); err != nil {
			return err
		}
	}
	if w.Needs(label.ByPassword) {
		if err := a.front.checkPassword(ctx, a.directory, a.given); err != nil {
			return err
		}
	}
	return a.watch()
}

// claimed is the subject that a method names, empty where it names none. A password
// is not looked at yet, but its user is.
func (a *attempt) claimed(m label.Assurance) (string, error) {
	d := a.directory
	switch m {
	case label.ByCertificate:
		return known(d.certificates, sha256.Sum256(a.given.Certificates[0].RawSubjectPublicKeyInfo))
	case label.ByAPIKey:
		return known(d.apiKeys, sha256.Sum256([]byte(a.given.APIKey)))
	case label.ByToken:
		name, err := a.front.tokenSubject(a.policy, a.flow, a.given.Token)
		return a.flow.From + "/" + name, err
	case label.ByPassword:
		return d.passwords[a.given.User].subject, nil
	default:
		return "", nil
	}
}

func known(subjects map[digest]string, sum digest) (string, error) {
	id, ok := subjects[sum]
	if !ok {
		return "", fault.New(fault.CredentialInvalid, "a credential that nobody has")
	}
	return id, nil
}

// tokenSubject verifies a token of the flow's issuer and gives its subject's name.
func (f *Front) tokenSubject(p *policy.Policy, flow *policy.Flow, token string) (string, error) {
	issuer := p.Issuer(flow.Issuer)
	if issuer == nil {
		return "", fault.New(fault.EvidenceInvalid, "a token, and no issuer %q", flow.Issuer)
	}
	return f.tokens.subject(issuer, token, f.Clock.Now)
}
