// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"
	"golang.org/x/crypto/argon2"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/neighbour"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is one front without a guard.
type rig struct {
	t        testing.TB
	id       *pki.Identity
	approver ed25519.PrivateKey
	issuer   ed25519.PrivateKey
	state    string
	journal  *audit.Journal
	front    *front.Front

	neighbours *neighbour.Table
}

func newKey(t testing.TB) (ed25519.PublicKey, ed25519.PrivateKey) {
	t.Helper()
	public, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return public, key
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{t: t, state: t.TempDir()}
	var approver ed25519.PublicKey
	approver, r.approver = newKey(t)
	_, r.issuer = newKey(t)
	dir := t.TempDir()
	if err := authority.Create(dir, authority.Terms{Guard: "guard", Approvers: []ed25519.PublicKey{approver}, Quorum: 1}); err != nil {
		t.Fatal(err)
	}
	a, err := authority.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.id, err = pki.Create(filepath.Join(t.TempDir(), "id"), "front-out", "front", "out"); err != nil {
		t.Fatal(err)
	}
	request, err := os.ReadFile(filepath.Join(r.id.Dir(), "request.dukou"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Admit(request, r.id.Request.Fingerprint()); err != nil {
		t.Fatal(err)
	}
	answer, err := a.Answer("front-out", time.Now())
	if err == nil {
		err = r.id.Admit(answer, a.Fingerprint())
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// start makes the front with a bundle on its disk, nil for none.
func (r *rig) start(b *policy.Bundle) (*front.Front, error) {
	r.t.Helper()
	if b != nil {
		s, err := envelope.Seal(envelope.Bundle, b, r.approver)
		if err != nil {
			r.t.Fatal(err)
		}
		if err := durable.WriteFile(filepath.Join(r.state, "bundle.dukou"), s.Encode(), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	clock, err := pki.NewClock(r.id, time.Now)
	if err != nil {
		r.t.Fatal(err)
	}
	if r.journal == nil {
		signer, err := audit.NewSigner("dukou/front-out", r.id.Key())
		if err != nil {
			r.t.Fatal(err)
		}
		if r.journal, err = audit.Open(audit.Config{Dir: filepath.Join(r.state, "audit"), Origin: "dukou/front-out", Signer: signer}); err != nil {
			r.t.Fatal(err)
		}
		r.t.Cleanup(func() { r.journal.Close() })
	}
	r.front, err = front.New(front.Config{
		Identity: r.id, State: r.state, Journal: r.journal, Clock: clock, Log: slog.New(slog.DiscardHandler),
		Dial:       func(context.Context) (net.Conn, error) { return nil, errors.New("there is no guard") },
		Neighbours: r.neighbours,
	})
	return r.front, err
}

func class(c, i label.Level) label.Class { return label.Class{Confidentiality: c, Integrity: i} }

// bundle has one flow that accepts methods, and a directory of credentials.
func (r *rig) bundle(limits policy.Limits, accept []label.Assurance, credentials ...policy.Credential) *policy.Bundle {
	r.t.Helper()
	subject := func(id string) policy.Subject { return policy.Subject{ID: id, Clearance: class(3, 1)} }
	b := &policy.Bundle{
		Format: policy.Format, Version: 1, NotBefore: 1, NotAfter: time.Now().Add(time.Hour).UnixMilli(), Guard: "guard",
		Zones:      []policy.Zone{{Name: "out", Class: class(3, 1)}, {Name: "in", Class: class(5, 3), Inner: true}},
		Components: []policy.Component{{ID: "front-out", Role: policy.RoleFront, Zone: "out", Key: r.id.Request.Key}},
		Issuers:    []policy.Issuer{{Name: "bureau", Key: r.issuer.Public().(ed25519.PublicKey)}},
		Subjects:   []policy.Subject{subject("out/key"), subject("out/user"), subject("out/certificate"), subject("out/p-*")},
		Objects:    []policy.Object{{ID: "in/o", Class: class(5, 3)}},
		Flows: []policy.Flow{{
			Name: "f", From: "out", To: "in", Kind: "ask", Protocol: "http", Entry: "front-out", Exit: "front-in", Object: "in/o", Action: "read",
			Class: class(1, 1), Answer: class(1, 3), Accept: accept, Issuer: "bureau", Limits: limits,
		}},
	}
	r.seal(b, policy.Directory{Credentials: credentials})
	return b
}

// seal makes a directory that of the front.
func (r *rig) seal(b *policy.Bundle, d policy.Directory) {
	r.t.Helper()
	sealed, err := pki.Seal(r.id.Request.Seal, policy.DirectoryInfo, canon.Must(d))
	if err != nil {
		r.t.Fatal(err)
	}
	b.Sealed = []policy.SealedPart{{Component: "other", Ciphertext: []byte("not ours")}, {Component: "front-out", Ciphertext: sealed}}
}

func argon(password string) string {
	salt := []byte("0123456789abcdef")
	sum := argon2.IDKey([]byte(password), salt, 1, 1<<10, 1, 32)
	return fmt.Sprintf("$argon2id$v=19$m=1024,t=1,p=1$%s$%s", base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(sum))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func certificate(t testing.TB) *x509.Certificate {
	t.Helper()
	_, key := newKey(t)
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return &x509.Certificate{RawSubjectPublicKeyInfo: spki}
}

func (r *rig) token(key ed25519.PrivateKey, method jwt.SigningMethod, issuer, subject string, end time.Time, audience ...string) string {
	r.t.Helper()
	claims := jwt.RegisteredClaims{Issuer: issuer, Subject: subject, Audience: audience}
	if !end.IsZero() {
		claims.ExpiresAt = jwt.NewNumericDate(end)
	}
	var signing any = key
	if method == jwt.SigningMethodNone {
		signing = jwt.UnsafeAllowNoneSignatureType
	}
	if method == jwt.SigningMethodHS256 {
		signing = []byte(key.Public().(ed25519.PublicKey)) // the old trick
	}
	text, err := jwt.NewWithClaims(method, claims).SignedString(signing)
	if err != nil {
		r.t.Fatal(err)
	}
	return text
}

func TestAuthenticate(t *testing.T) {
	r := newRig(t)
	own, foreign := certificate(t), certificate(t)
	all := []label.Assurance{label.ByCertificate, label.ByToken, label.ByAPIKey, label.ByPassword}
	b := r.bundle(policy.Limits{}, all,
		policy.Credential{Subject: "out/key", Method: label.ByAPIKey, Value: digest([]byte("the key"))},
		policy.Credential{Subject: "out/gone", Method: label.ByAPIKey, Value: digest([]byte("key of nobody"))},
		policy.Credential{Subject: "out/user", Method: label.ByPassword, Name: "user", Value: argon("secret")},
		policy.Credential{Subject: "out/user", Method: label.ByPassword, Name: "broken", Value: "$argon2id$v=19$m=999999999,t=1,p=1$AAAA$AAAA"},
		policy.Credential{Subject: "out/certificate", Method: label.ByCertificate, Value: digest(own.RawSubjectPublicKeyInfo)},
	)
	f, err := r.start(b)
	if err != nil {
		t.Fatal(err)
	}
	later, before := time.Now().Add(time.Minute), time.Now().Add(-time.Minute)
	_, stranger := newKey(t)
	ed := jwt.SigningMethodEdDSA
	for name, test := range map[string]struct {
		given   front.Credentials
		subject string
		by      label.Assurance
		want    fault.Code
	}{
		"nothing":               {front.Credentials{}, "", "", fault.CredentialMissing},
		"key":                   {front.Credentials{APIKey: "the key"}, "out/key", label.ByAPIKey, ""},
		"another key":           {front.Credentials{APIKey: "the kez"}, "", "", fault.CredentialInvalid},
		"key of nobody":         {front.Credentials{APIKey: "key of nobody"}, "", "", fault.SubjectUnknown},
		"password":              {front.Credentials{User: "user", Password: "secret"}, "out/user", label.ByPassword, ""},
		"another password":      {front.Credentials{User: "user", Password: "secreT"}, "", "", fault.CredentialInvalid},
		"no password":           {front.Credentials{User: "user"}, "", "", fault.CredentialInvalid},
		"another user":          {front.Credentials{User: "nobody", Password: "secret"}, "", "", fault.CredentialInvalid},
		"a hash beyond limits":  {front.Credentials{User: "broken", Password: "secret"}, "", "", fault.PolicyMalformed},
		"certificate":           {front.Credentials{Certificates: []*x509.Certificate{own}}, "out/certificate", label.ByCertificate, ""},
		"another certificate":   {front.Credentials{Certificates: []*x509.Certificate{foreign, own}}, "", "", fault.CredentialInvalid},
		"token":                 {front.Credentials{Token: r.token(r.issuer, ed, "bureau", "p-7", later)}, "out/p-7", label.ByToken, ""},
		"token of a stranger":   {front.Credentials{Token: r.token(stranger, ed, "bureau", "p-7", later)}, "", "", fault.EvidenceInvalid},
		"token of another":      {front.Credentials{Token: r.token(r.issuer, ed, "other", "p-7", later)}, "", "", fault.EvidenceInvalid},
		"token that ended":      {front.Credentials{Token: r.token(r.issuer, ed, "bureau", "p-7", before)}, "", "", fault.EvidenceInvalid},
		"token without end":     {front.Credentials{Token: r.token(r.issuer, ed, "bureau", "p-7", time.Time{})}, "", "", fault.EvidenceInvalid},
		"token without subject": {front.Credentials{Token: r.token(r.issuer, ed, "bureau", "", later)}, "", "", fault.EvidenceInvalid},
		"token of a path":       {front.Credentials{Token: r.token(r.issuer, ed, "bureau", "p-7/x", later)}, "", "", fault.EvidenceInvalid},
		"token of nobody":       {front.Credentials{Token: r.token(r.issuer, ed, "bureau", "q-7", later)}, "", "", fault.SubjectUnknown},
		"token without key":     {front.Credentials{Token: r.token(r.issuer, jwt.SigningMethodNone, "bureau", "p-7", later)}, "", "", fault.EvidenceInvalid},
		"token by the public":   {front.Credentials{Token: r.token(r.issuer, jwt.SigningMethodHS256, "bureau", "p-7", later)}, "", "", fault.EvidenceInvalid},
		"token for another":     {front.Credentials{Token: r.token(r.issuer, ed, "bureau", "p-7", later, "another")}, "", "", fault.EvidenceInvalid},
		"a very long token":     {front.Credentials{Token: string(make([]byte, 9000))}, "", "", fault.EvidenceInvalid},
		"the first that comes":  {front.Credentials{APIKey: "the key", User: "user", Password: "wrong"}, "out/key", label.ByAPIKey, ""},
		"no second chance":      {front.Credentials{APIKey: "wrong", User: "user", Password: "secret"}, "", "", fault.CredentialInvalid},
	} {
		s, err := f.Authenticate(t.Context(), f.Policy().Flow("f"), test.given)
		if test.want != "" {
			if fault.CodeOf(err) != test.want {
				t.Errorf("%s: %v, want %s", name, err, test.want)
			}
			continue
		}
		if err != nil || s.ID != test.subject || s.Assurance != test.by || (len(s.Evidence) > 0) != (test.by == label.ByToken) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

// TestAudience: where an issuer has an audience, its tokens must be for it.
func TestAudience(t *testing.T) {
	r := newRig(t)
	b := r.bundle(policy.Limits{}, []label.Assurance{label.ByToken})
	b.Issuers[0].Audience = "us"
	f, err := r.start(b)
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Minute)
	for _, test := range []struct {
		audience []string
		want     fault.Code
	}{
		{[]string{"us"}, ""}, {[]string{"others", "us"}, ""}, {nil, fault.EvidenceInvalid},
		{[]string{"others"}, fault.EvidenceInvalid}, {[]string{""}, fault.EvidenceInvalid}, {[]string{"US"}, fault.EvidenceInvalid},
	} {
		token := r.token(r.issuer, jwt.SigningMethodEdDSA, "bureau", "p-7", later, test.audience...)
		_, err := f.Authenticate(t.Context(), f.Policy().Flow("f"), front.Credentials{Token: token})
		if test.want == "" && err != nil || test.want != "" && fault.CodeOf(err) != test.want {
			t.Errorf("for %q: %v, want %q", test.audience, err, test.want)
		}
		// The front on the other side asks the same of the evidence that comes in a parcel.
		err = f.CheckEvidence("f", "out/p-7", label.ByToken, []byte(token))
		if test.want == "" && err != nil || test.want != "" && fault.CodeOf(err) != test.want {
			t.Errorf("evidence for %q: %v, want %q", test.audience, err, test.want)
		}
	}
}

// TestAccept: what the flow does not accept is as if it had not come.
func TestAccept(t *testing.T) {
	r := newRig(t)
	f, err := r.start(r.bundle(policy.Limits{}, []label.Assurance{label.ByPassword},
		policy.Credential{Subject: "out/key", Method: label.ByAPIKey, Value: digest([]byte("the key"))}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Authenticate(t.Context(), f.Policy().Flow("f"), front.Credentials{APIKey: "the key"}); fault.CodeOf(err) != fault.CredentialMissing {
		t.Error(err)
	}
}

// TestNoBundle: a front without a bundle refuses and does not break.
func TestNoBundle(t *testing.T) {
	r := newRig(t)
	f, err := r.start(nil)
	if err != nil {
		t.Fatal(err)
	}
	flow := &policy.Flow{Name: "f"}
	if _, err := f.Authenticate(t.Context(), flow, front.Credentials{}); fault.CodeOf(err) != fault.PolicyMissing {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := f.Ask(ctx, front.Request{Flow: flow, Content: parcel.Record{}}); fault.CodeOf(err) != fault.GuardUnavailable {
		t.Error(err)
	}
	if f.Policy() != nil {
		t.Error("a bundle from nowhere")
	}
}

func (r *rig) ask(ctx context.Context, subject string) error {
	_, err := r.front.Ask(ctx, front.Request{Flow: r.front.Policy().Flow("f"), Subject: front.Subject{ID: subject}, Content: parcel.Record{}})
	return err
}

// TestRate: each subject has its own rate on a flow.
func TestRate(t *testing.T) {
	r := newRig(t)
	if _, err := r.start(r.bundle(policy.Limits{Rate: 1, Burst: 2}, nil)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nobody waits for the guard that is not there
	for _, want := range []fault.Code{fault.GuardUnavailable, fault.GuardUnavailable, fault.RateLimited, fault.RateLimited} {
		if err := r.ask(ctx, "out/p-1"); fault.CodeOf(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := r.ask(ctx, "out/p-2"); fault.CodeOf(err) != fault.GuardUnavailable {
		t.Errorf("another subject: %v", err)
	}
}

// TestBusy: no more than so many questions are under way on a flow.
func TestBusy(t *testing.T) {
	r := newRig(t)
	if _, err := r.start(r.bundle(policy.Limits{Concurrent: 1, Rate: 1 << 30}, nil)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		err := r.ask(ctx, "out/p-1") // waits for a guard, once it is the one that may
		for fault.CodeOf(err) == fault.TooBusy {
			err = r.ask(ctx, "out/p-1")
		}
		ended <- err
	}()
	short, stop := context.WithCancel(t.Context())
	stop()
	for end := time.Now().Add(5 * time.Second); fault.CodeOf(r.ask(short, "out/p-2")) != fault.TooBusy; {
		if time.Now().After(end) {
			t.Fatal("never too busy")
		}
	}
	cancel()
	if err := <-ended; fault.CodeOf(err) != fault.GuardUnavailable {
		t.Error(err)
	}
	if err := r.ask(short, "out/p-2"); fault.CodeOf(err) != fault.GuardUnavailable {
		t.Errorf("after it ended: %v", err)
	}
}

// FuzzPassword: a hash from the directory is data; whatever it says, checking it is
// bounded and does not panic.
func FuzzPassword(f *testing.F) {
	f.Add(argon("secret"))
	f.Add("$argon2id$v=19$m=1,t=1,p=255$AAAA$AAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=0,t=0,p=0$$")
	large := regexp.MustCompile(`m=\+?0*[0-9]{5}`) // within the limit, and too slow for a fuzz test
	f.Fuzz(func(_ *testing.T, phc string) {
		if !large.MatchString(phc) {
			_, _ = front.PasswordMatches(phc, "secret")
		}
	})
}
