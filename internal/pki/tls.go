// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"

	"dukou.dev/dukou/internal/fault"
)

// Pins tells which component holds a key, false where none that may connect does.
type Pins func(key ed25519.PublicKey) (id string, ok bool)

// Server is the TLS 1.3 configuration of the accepting side.
func (i *Identity) Server(pins Pins) (*tls.Config, error) {
	c, err := i.config(pins)
	if err != nil {
		return nil, err
	}
	c.ClientAuth = tls.RequireAnyClientCert
	return c, nil
}

// Client is the TLS 1.3 configuration of the connecting side.
func (i *Identity) Client(pins Pins) (*tls.Config, error) {
	c, err := i.config(pins)
	if err != nil {
		return nil, err
	}
	c.InsecureSkipVerify = true // the key is pinned in VerifyConnection; no name, authority or clock is needed
	return c, nil
}

func (i *Identity) config(pins Pins) (*tls.Config, error) {
	certificate, err := selfSigned(i.key, i.Request.ID)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{certificate},
		CurvePreferences:       []tls.CurveID{tls.X25519MLKEM768},
		SessionTicketsDisabled: true, // each connection proves both keys
		VerifyConnection: func(s tls.ConnectionState) error {
			_, err := peerID(s, pins)
			return err
		},
	}, nil
}

// selfSigned wraps a key as TLS wants it; only the key is looked at.
func selfSigned(key ed25519.PrivateKey, name string) (tls.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate of %s: %w", name, err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

func peerID(s tls.ConnectionState, pins Pins) (string, error) {
	if len(s.PeerCertificates) != 1 {
		return "", fault.New(fault.PeerUnknown, "%d certificates, want one", len(s.PeerCertificates))
	}
	key, ok := s.PeerCertificates[0].PublicKey.(ed25519.PublicKey)
	if !ok {
		return "", fault.New(fault.PeerUnknown, "a key that is not Ed25519")
	}
	id, ok := pins(key)
	if !ok {
		return "", fault.New(fault.PeerUnknown, "a key that nobody admitted; enrol the component first")
	}
	return id, nil
}

// PeerOf is the component at the other end of a connection whose handshake is done.
func PeerOf(nc net.Conn, pins Pins) (string, error) {
	t, ok := nc.(*tls.Conn)
	if !ok {
		return "", fault.New(fault.PeerUnknown, "not a TLS connection")
	}
	return peerID(t.ConnectionState(), pins)
}

// Pins are the peers named by the admission, until a bundle names all components.
func (a *Admission) Pins(key ed25519.PublicKey) (string, bool) {
	for _, p := range a.Peers {
		if p.Key.Equal(key) {
			return p.ID, true
		}
	}
	return "", false
}
