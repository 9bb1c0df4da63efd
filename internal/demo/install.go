// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"dukou.dev/dukou/internal/authority"
	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/pki"
	"dukou.dev/dukou/internal/policy"
)

// The names that the bank's policy uses.
const (
	GuardName  = "guard-1"
	ZoneOuter  = "internet"
	ZoneInner  = "intranet"
	IssuerName = "credit-bureau"
	// APIKey is the portal's key at the internet front. Its digest is in the policy.
	APIKey = "ferry-portal-2026"
)

const (
	approvers = 2
	quorum    = 2
)

// Installation is one set of keys, identities and configuration in a directory.
type Installation struct {
	Layout
	Approvers  []ed25519.PrivateKey
	Components []policy.Component
	Issuer     ed25519.PublicKey // of the bureau's tokens
}

// roles gives role and zone of each component.
func roles(name string) (policy.Role, string) {
	switch name {
	case GuardOuter:
		return policy.RoleOuter, ""
	case GuardGate:
		return policy.RoleGate, ""
	case GuardInner:
		return policy.RoleInner, ""
	case FrontInternet:
		return policy.RoleFront, ZoneOuter
	case FrontIntranet:
		return policy.RoleFront, ZoneInner
	default:
		return policy.RoleCenter, ""
	}
}

// Install makes an installation in dir, which must be empty or not there. It does
// what an operator does by `dukou enrol`, `dukou-signer init` and `dukou policy`.
func Install(dir string) (*Installation, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	i := &Installation{Layout: Layout{Dir: dir}}
	if err := i.check(); err != nil {
		return nil, err
	}
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty; choose another directory", dir)
	}
	for _, step := range []func() error{i.makeDirectories, i.makeApprovers, i.enrol, i.makeBank, i.makeConsole, i.configure} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("install in %s: %w", dir, err)
		}
	}
	return i, nil
}

func (i *Installation) makeDirectories() error {
	dirs := []string{i.keys(), i.link(), i.Admitted(), filepath.Join(i.Dir, "log"), i.Outgoing(), i.Incoming()}
	dirs = append(dirs, filepath.Join(i.Batch(), "requests"), filepath.Join(i.Batch(), "answers"))
	for _, name := range Processes() {
		dirs = append(dirs, i.Home(name), i.run(name))
	}
	for _, dir := range dirs {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	return nil
}

func (i *Installation) makeApprovers() error {
	for n := range approvers {
		_, key, err := writeKey(filepath.Join(i.keys(), fmt.Sprintf("approver-%d", n+1)))
		if err != nil {
			return err
		}
		i.Approvers = append(i.Approvers, key)
	}
	return nil
}

// writeKey makes an Ed25519 key: name (PKCS #8) and name.pub, both PEM.
func writeKey(name string) (ed25519.PublicKey, ed25519.PrivateKey, error) {
	public, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, nil, err
	}
	return public, key, errors.Join(
		os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600),
		os.WriteFile(name+".pub", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}), 0o644),
	)
}

// enrol makes the authority, and for each component a request, its admission and,
// when all are admitted, the answer.
func (i *Installation) enrol() error {
	terms := authority.Terms{Guard: GuardName, Quorum: quorum}
	for _, key := range i.Approvers {
		terms.Approvers = append(terms.Approvers, key.Public().(ed25519.PublicKey))
	}
	if err := authority.Create(i.Home(Signer), terms); err != nil {
		return err
	}
	a, err := authority.Load(i.Home(Signer))
	if err != nil {
		return err
	}
	var identities []*pki.Identity
	for _, name := range Components() {
		identity, err := i.request(a, name)
		if err != nil {
			return err
		}
		identities = append(identities, identity)
	}
	for _, identity := range identities {
		answer, err := a.Answer(identity.Request.ID, time.Now())
		if err != nil {
			return err
		}
		if err := identity.Admit(answer, a.Fingerprint()); err != nil {
			return err
		}
	}
	return nil
}

func (i *Installation) request(a *authority.Authority, name string) (*pki.Identity, error) {
	role, zone := roles(name)
	identity, err := pki.Create(i.Identity(name), name, string(role), zone)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(i.Identity(name), "request.dukou"))
	if err != nil {
		return nil, err
	}
	r, err := a.Admit(data, identity.Request.Fingerprint())
	if err != nil {
		return nil, err
	}
	component := policy.Component{ID: r.ID, Role: role, Zone: zone, Key: r.Key, Seal: r.Seal}
	i.Components = append(i.Components, component)
	return identity, os.WriteFile(filepath.Join(i.Admitted(), r.ID+".component"), canon.Must(component), 0o644)
}

func (i *Installation) makeBank() error {
	var err error
	if i.Issuer, _, err = writeKey(i.tokenKey()); err != nil {
		return err
	}
	return os.WriteFile(i.apiKey(), []byte(APIKey+"\n"), 0o600)
}

// configure writes the fronts' own configuration: where things are on their hosts.
func (i *Installation) configure() error {
	internet := fmt.Sprintf(`# The internet front: what may cross is in the bundle.
identity: %s
state: %s
guard: unix:%s
listeners:
  portal: {address: "unix:%s"}
directories:
  batch-out: {path: %s}
deliveries:
  answers-in: %s
`, i.Identity(FrontInternet), i.State(FrontInternet), i.Socket(GuardOuter), i.Socket(FrontInternet), i.Outgoing(), i.Incoming())
	intranet := fmt.Sprintf(`# The intranet front: what may cross is in the bundle.
identity: %s
state: %s
guard: unix:%s
targets:
  bureau: {address: "unix:%s"}
directories:
  answers-out: {path: %s}
deliveries:
  batch-in: %s
`, i.Identity(FrontIntranet), i.State(FrontIntranet), i.Socket(GuardInner), i.Socket(Bureau),
		filepath.Join(i.Batch(), "answers"), filepath.Join(i.Batch(), "requests"))
	return errors.Join(
		durable.WriteFile(i.Config(FrontInternet), []byte(internet), 0o600),
		durable.WriteFile(i.Config(FrontIntranet), []byte(intranet), 0o600),
	)
}

// Remove removes everything of the installation.
func (i *Installation) Remove() error {
	err := os.RemoveAll(i.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
