// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/crypto/argon2"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// directory is the credentials of the zone's subjects, indexed.
type directory struct {
	apiKeys      map[string]string // SHA-256 in hex to subject
	certificates map[string]string // SHA-256 of the SPKI in hex to subject
	passwords    map[string]policy.Credential
}

// readDirectory opens this front's sealed part of a bundle, nil for none.
func (f *Front) readDirectory(p *policy.Policy) (*directory, error) {
	d := &directory{apiKeys: map[string]string{}, certificates: map[string]string{}, passwords: map[string]policy.Credential{}}
	if p == nil {
		return d, nil
	}
	for _, part := range p.Sealed {
		if part.Component != f.id {
			continue
		}
		plaintext, err := f.Identity.Unseal(policy.DirectoryInfo, part.Ciphertext)
		if err != nil {
			return d, fault.Wrap(fault.PolicyMalformed, err, "sealed part of bundle version %d", p.Version)
		}
		var list policy.Directory
		if err := canon.Unmarshal(plaintext, &list); err != nil {
			return d, fault.Wrap(fault.PolicyMalformed, err, "directory of bundle version %d", p.Version)
		}
		d.add(list.Credentials)
	}
	return d, nil
}

func (d *directory) add(list []policy.Credential) {
	for _, c := range list {
		switch c.Method {
		case label.ByAPIKey:
			d.apiKeys[strings.ToLower(c.Value)] = c.Subject
		case label.ByCertificate:
			d.certificates[strings.ToLower(c.Value)] = c.Subject
		case label.ByPassword:
			d.passwords[c.Name] = c
		default: // a token and a component have no credential here
		}
	}
}

// Authenticate implements Crossing. The entry has a failure recorded by Refuse.
func (f *Front) Authenticate(ctx context.Context, flow *policy.Flow, c Credentials) (Subject, error) {
	p := f.Policy()
	if p == nil {
		return Subject{}, fault.New(fault.PolicyMissing, "no bundle")
	}
	for _, method := range flow.Accept {
		s, tried, err := f.try(ctx, p, flow, method, c)
		if !tried {
			continue
		}
		if err == nil && p.Subject(s.ID) == nil {
			err = fault.New(fault.SubjectUnknown, "no subject %q", s.ID)
		}
		s.Assurance = method
		return s, err
	}
	return Subject{}, fault.New(fault.CredentialMissing, "flow %q accepts %v", flow.Name, flow.Accept)
}

// try uses one method, if the credentials have what it needs.
func (f *Front) try(ctx context.Context, p *policy.Policy, flow *policy.Flow, method label.Assurance, c Credentials) (Subject, bool, error) {
	d := f.directory.Load()
	switch {
	case method == label.ByCertificate && len(c.Certificates) > 0:
		sum := sha256.Sum256(c.Certificates[0].RawSubjectPublicKeyInfo)
		s, err := known(d.certificates, hex.EncodeToString(sum[:]))
		return s, true, err
	case method == label.ByToken && c.Token != "":
		name, err := f.tokenSubject(p, flow, c.Token)
		return Subject{ID: flow.From + "/" + name, Evidence: []byte(c.Token)}, true, err
	case method == label.ByAPIKey && c.APIKey != "":
		sum := sha256.Sum256([]byte(c.APIKey))
		s, err := known(d.apiKeys, hex.EncodeToString(sum[:]))
		return s, true, err
	case method == label.ByPassword && c.User != "":
		s, err := f.byPassword(ctx, d, c)
		return s, true, err
	default:
		return Subject{}, false, nil
	}
}

func known(subjects map[string]string, digest string) (Subject, error) {
	id, ok := subjects[digest]
	if !ok {
		return Subject{}, fault.New(fault.CredentialInvalid, "a credential that nobody has")
	}
	return Subject{ID: id}, nil
}

// maxToken bounds a token, in bytes.
const maxToken = 8 << 10

// tokenSubject verifies a token of the flow's issuer (JWT, RFC 7519, with EdDSA
// only) and gives its subject's name.
func (f *Front) tokenSubject(p *policy.Policy, flow *policy.Flow, token string) (string, error) {
	issuer := p.Issuer(flow.Issuer)
	if issuer == nil || len(token) > maxToken {
		return "", fault.New(fault.EvidenceInvalid, "a token of %d bytes, issuer %q", len(token), flow.Issuer)
	}
	parsed, err := jwt.NewParser(
		jwt.WithValidMethods([]string{"EdDSA"}), jwt.WithIssuer(issuer.Name), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(f.Clock.Now), jwt.WithLeeway(5*time.Second),
	).Parse(token, func(*jwt.Token) (any, error) { return issuer.Key, nil })
	if err != nil {
		return "", fault.Wrap(fault.EvidenceInvalid, err, "token")
	}
	name, err := parsed.Claims.GetSubject()
	if err != nil || name == "" || strings.ContainsAny(name, "/*") {
		return "", fault.New(fault.EvidenceInvalid, "a token without a proper subject")
	}
	return name, nil
}

// passwordsAtOnce bounds the memory that hashing takes: each needs what its hash says.
const passwordsAtOnce = 2

// maxPasswordMemory bounds what a hash may ask for, in KiB.
const maxPasswordMemory = 256 << 10

func (f *Front) byPassword(ctx context.Context, d *directory, c Credentials) (Subject, error) {
	credential, ok := d.passwords[c.User]
	if !ok {
		credential.Value = nobody // an unknown user takes as long as a wrong password
	}
	select {
	case <-ctx.Done():
		return Subject{}, fault.Wrap(fault.TooBusy, ctx.Err(), "check a password")
	case f.hashing <- struct{}{}:
	}
	match, err := passwordMatches(credential.Value, c.Password)
	<-f.hashing
	if err != nil {
		return Subject{}, fault.Wrap(fault.PolicyMalformed, err, "password of %s", credential.Subject)
	}
	if !ok || !match {
		return Subject{}, fault.New(fault.CredentialInvalid, "user %q or the password", c.User)
	}
	return Subject{ID: credential.Subject}, nil
}

// nobody is the hash of no password.
const nobody = "$argon2id$v=19$m=65536,t=1,p=2$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// passwordMatches checks a password against an argon2id hash in PHC string form.
func passwordMatches(phc, password string) (bool, error) {
	var version, memory, passes, threads uint32
	parts := strings.Split(phc, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, fmt.Errorf("not an argon2id hash")
	}
	if _, err := fmt.Sscanf(parts[2]+parts[3], "v=%dm=%d,t=%d,p=%d", &version, &memory, &passes, &threads); err != nil {
		return false, err
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, err
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, err
	}
	if version != argon2.Version || memory > maxPasswordMemory || passes == 0 || passes > 16 || threads == 0 || threads > 16 || len(want) < 16 {
		return false, fmt.Errorf("argon2id with m=%d t=%d p=%d", memory, passes, threads)
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, uint8(threads), uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}
