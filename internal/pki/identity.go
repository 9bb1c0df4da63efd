// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package pki is who components are: their keys, their enrolment by files that are
// carried by hand, TLS with pinned public keys, the leases of label keys, and time
// that does not run back. File forms are in docs/formats/enrolment.md.
package pki

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/envelope"
)

// The files of an identity's directory.
const (
	keyFile       = "component.key" // Ed25519, PEM PKCS #8
	sealFile      = "seal.key"      // HPKE private key, PEM
	requestFile   = "request.dukou"
	admissionFile = "admission.dukou"
	bootFile      = "boot"
)

// Identity is one component with its private keys.
type Identity struct {
	Request   Request
	Admission *Admission // nil until admitted
	dir       string
	key       ed25519.PrivateKey
	seal      hpke.PrivateKey
}

// Request is what a component asks to be admitted as.
type Request struct {
	_    struct{} `cbor:",toarray"`
	ID   string
	Role string
	Zone string
	Key  ed25519.PublicKey // of TLS and of the component's log
	Seal []byte            // HPKE public key, MLKEM768-X25519
}

// Peer is another component as it was when the admission was made.
type Peer struct {
	_    struct{} `cbor:",toarray"`
	ID   string
	Role string
	Key  ed25519.PublicKey
}

// Admission is the authority's answer to a request.
type Admission struct {
	_         struct{} `cbor:",toarray"`
	Request   Request
	Guard     string              // the guard that it belongs to
	Authority ed25519.PublicKey   // signs admissions, leases and time
	Approvers []ed25519.PublicKey // may approve bundles
	Quorum    uint8
	Peers     []Peer
	Issued    int64 // Unix milliseconds
}

func kem() hpke.KEM { return hpke.MLKEM768X25519() }

// Create makes the keys and the request of a new component in dir, which must not
// hold any.
func Create(dir, id, role, zone string) (*Identity, error) {
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, keyFile)); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds an identity already; choose another directory", dir)
	}
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	seal, err := kem().GenerateKey()
	if err != nil {
		return nil, err
	}
	i := &Identity{dir: dir, key: key, seal: seal}
	i.Request = Request{ID: id, Role: role, Zone: zone, Key: public, Seal: seal.PublicKey().Bytes()}
	if err := i.Request.check(); err != nil {
		return nil, err
	}
	return i, i.save()
}

func (i *Identity) save() error {
	der, err := x509.MarshalPKCS8PrivateKey(i.key)
	if err != nil {
		return err
	}
	seal, err := i.seal.Bytes()
	if err != nil {
		return err
	}
	request, err := envelope.Seal(envelope.Request, i.Request, i.key)
	if err != nil {
		return err
	}
	for _, f := range []struct {
		name string
		data []byte
	}{
		{sealFile, pem.EncodeToMemory(&pem.Block{Type: "DUKOU SEAL KEY", Bytes: seal})},
		{requestFile, request.Encode()},
		{keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})}, // last: what a crash broke off is made anew
	} {
		if err := durable.WriteFile(filepath.Join(i.dir, f.name), f.data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// LoadIdentity reads the identity in dir, with its admission where there is one.
func LoadIdentity(dir string) (*Identity, error) {
	key, err := ReadKey(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, err
	}
	block, err := readPEM(filepath.Join(dir, sealFile))
	if err != nil {
		return nil, err
	}
	seal, err := kem().NewPrivateKey(block)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sealFile, err)
	}
	i := &Identity{dir: dir, key: key, seal: seal}
	data, err := os.ReadFile(filepath.Join(dir, requestFile))
	if err != nil {
		return nil, err
	}
	if i.Request, err = OpenRequest(data); err != nil {
		return nil, err
	}
	if !i.Request.Key.Equal(key.Public()) || !bytes.Equal(i.Request.Seal, seal.PublicKey().Bytes()) {
		return nil, fmt.Errorf("%s: of other keys than %s and %s", requestFile, keyFile, sealFile)
	}
	if data, err = os.ReadFile(filepath.Join(dir, admissionFile)); errors.Is(err, fs.ErrNotExist) {
		return i, nil
	} else if err != nil {
		return nil, err
	}
	i.Admission, err = i.open(data, nil)
	return i, err
}

// Key is the private key of TLS and of the component's log.
func (i *Identity) Key() ed25519.PrivateKey { return i.key }

// Dir is the identity's directory.
func (i *Identity) Dir() string { return i.dir }

// OpenRequest reads a request file and verifies that its sender holds the key.
func OpenRequest(data []byte) (Request, error) {
	s, err := envelope.Decode(data)
	if err != nil {
		return Request{}, fmt.Errorf("request: %w", err)
	}
	var r Request
	if err := canon.Unmarshal(s.Payload, &r); err != nil {
		return r, fmt.Errorf("request: %w", err)
	}
	if err := r.check(); err != nil {
		return r, fmt.Errorf("request: %w", err)
	}
	if _, err := kem().NewPublicKey(r.Seal); err != nil {
		return r, fmt.Errorf("request: seal key: %w", err)
	}
	if err := s.Open(envelope.Request, 1, []ed25519.PublicKey{r.Key}, &r); err != nil {
		return Request{}, err
	}
	return r, nil
}

// check holds the names to what file names, logs and labels can bear.
func (r Request) check() error {
	if len(r.Key) != ed25519.PublicKeySize {
		return fmt.Errorf("a key of %d bytes", len(r.Key))
	}
	var wrong []NameError
	for _, n := range []NameError{{"component", r.ID}, {"role", r.Role}, {"zone", r.Zone}} {
		if !validName(n.Name) && (n.Of != "zone" || n.Name != "") {
			wrong = append(wrong, n)
		}
	}
	if wrong != nil {
		return NamesError(wrong)
	}
	return nil
}

// MaxName is how many bytes a name of a component, role or zone has at most.
const MaxName = 64

// NameError is a name that cannot be one: Of is component, role or zone.
type NameError struct{ Of, Name string }

// NamesError are all names of a request that cannot be ones.
type NamesError []NameError

// Error names each of them, and what names are.
func (e NamesError) Error() string {
	said := make([]string, len(e))
	for i, n := range e {
		said[i] = fmt.Sprintf("%s %q", n.Of, n.Name)
	}
	return fmt.Sprintf("%s: 1 to %d letters, digits, - and _", strings.Join(said, ", "), MaxName)
}

func validName(s string) bool {
	ours := func(c rune) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_'
	}
	return s != "" && len(s) <= MaxName && strings.IndexFunc(s, func(c rune) bool { return !ours(c) }) < 0
}

// Fingerprint is what the administrators on both ends compare.
func (r Request) Fingerprint() string { return envelope.IDOf(r.Key).String() }

// Admit stores the authority's answer. fingerprint is that of the authority's key
// as its administrator reads it out; the answer must be for this identity.
func (i *Identity) Admit(data []byte, fingerprint string) error {
	a, err := i.open(data, &fingerprint)
	if err != nil {
		return err
	}
	i.Admission = a
	return durable.WriteFile(filepath.Join(i.dir, admissionFile), data, 0o600)
}

func (i *Identity) open(data []byte, fingerprint *string) (*Admission, error) {
	s, err := envelope.Decode(data)
	if err != nil {
		return nil, fmt.Errorf("admission: %w", err)
	}
	var a Admission
	if err := canon.Unmarshal(s.Payload, &a); err != nil {
		return nil, fmt.Errorf("admission: %w", err)
	}
	if len(a.Authority) != ed25519.PublicKeySize {
		return nil, errors.New("admission: no authority key")
	}
	if fingerprint != nil && envelope.IDOf(a.Authority).String() != *fingerprint {
		return nil, fmt.Errorf("admission: signed by authority %s, not the one you named; ask the security administrator", envelope.IDOf(a.Authority))
	}
	if err := s.Open(envelope.Admission, 1, []ed25519.PublicKey{a.Authority}, &a); err != nil {
		return nil, err
	}
	if !bytes.Equal(canon.Must(a.Request), canon.Must(i.Request)) {
		return nil, fmt.Errorf("admission: for %s %q, or another request of it, not for this %s %q", a.Request.Role, a.Request.ID, i.Request.Role, i.Request.ID)
	}
	return &a, nil
}

// Boot counts the lives of a component: it returns a number higher than ever
// before, durable before it is used.
func (i *Identity) Boot() (uint64, error) {
	n, err := ReadCounter(filepath.Join(i.dir, bootFile))
	if err != nil {
		return 0, err
	}
	if n == math.MaxUint64 {
		return 0, fmt.Errorf("%s: no life after %d", bootFile, n)
	}
	return n + 1, WriteCounter(filepath.Join(i.dir, bootFile), n+1)
}

// Seal encrypts to an HPKE public key (RFC 9180: MLKEM768-X25519, HKDF-SHA256,
// AES-256-GCM); info says what for.
func Seal(public []byte, info string, plaintext []byte) ([]byte, error) {
	pk, err := kem().NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	return hpke.Seal(pk, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info), plaintext)
}

// Unseal decrypts what was sealed to this identity for info.
func (i *Identity) Unseal(info string, ciphertext []byte) ([]byte, error) {
	return hpke.Open(i.seal, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(info), ciphertext)
}
