// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pki_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"testing"
	"time"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/pki"
)

// shake makes one connection between two configurations and sends a byte either
// way, since a server's refusal of the client's key comes after the client is done.
func shake(t *testing.T, client, server *tls.Config) (clientErr, serverErr error, c, s *tls.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		nc, err := l.Accept()
		if err != nil {
			done <- err
			return
		}
		s = tls.Server(nc, server)
		done <- talk(ctx, s)
	}()
	nc, err := (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c = tls.Client(nc, client)
	clientErr = talk(ctx, c)
	serverErr = <-done
	t.Cleanup(func() { c.Close(); s.Close() })
	return clientErr, serverErr, c, s
}

func talk(ctx context.Context, c *tls.Conn) error {
	if err := c.HandshakeContext(ctx); err != nil {
		c.Close()
		return err
	}
	if _, err := c.Write([]byte{1}); err != nil {
		return err
	}
	_, err := c.Read(make([]byte, 1))
	return err
}

func configs(t *testing.T, client, server *pki.Identity, clientPins, serverPins pki.Pins) (c, s *tls.Config) {
	t.Helper()
	c, err := client.Client(clientPins)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = server.Server(serverPins); err != nil {
		t.Fatal(err)
	}
	return c, s
}

func only(i *pki.Identity) pki.Pins {
	return func(key ed25519.PublicKey) (string, bool) { return i.Request.ID, key.Equal(i.Request.Key) }
}

func TestTLS(t *testing.T) {
	client, server := newIdentity(t, "front-a", "front"), newIdentity(t, "guard-outer", "guard-outer")
	c, s := configs(t, client, server, only(server), only(client))
	clientErr, serverErr, cc, sc := shake(t, c, s)
	if err := errors.Join(clientErr, serverErr); err != nil {
		t.Fatal(err)
	}
	if state := cc.ConnectionState(); state.Version != tls.VersionTLS13 || state.CurveID != tls.X25519MLKEM768 || state.DidResume {
		t.Errorf("version %x, curve %v, resumed %t", state.Version, state.CurveID, state.DidResume)
	}
	if id, err := pki.PeerOf(cc, only(server)); err != nil || id != "guard-outer" {
		t.Errorf("%q, %v", id, err)
	}
	if id, err := pki.PeerOf(sc, only(client)); err != nil || id != "front-a" {
		t.Errorf("%q, %v", id, err)
	}
	if _, err := pki.PeerOf(sc, only(server)); fault.CodeOf(err) != fault.PeerUnknown {
		t.Errorf("pins that changed since: %v", err)
	}
	a, b := net.Pipe()
	defer errors.Join(a.Close(), b.Close())
	if _, err := pki.PeerOf(a, only(client)); fault.CodeOf(err) != fault.PeerUnknown {
		t.Errorf("no TLS: %v", err)
	}
}

func TestTLSRefuses(t *testing.T) {
	client, server, stranger := newIdentity(t, "front-a", "front"), newIdentity(t, "guard-outer", "guard-outer"), newIdentity(t, "front-a", "front")
	c, s := configs(t, client, server, only(server), only(client))
	strange, _ := configs(t, stranger, server, only(server), only(client))
	doubt, _ := configs(t, client, server, only(stranger), only(client))
	old, curve, bare, foreign, chain := c.Clone(), c.Clone(), c.Clone(), c.Clone(), c.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	curve.CurvePreferences = []tls.CurveID{tls.X25519}
	bare.Certificates = nil
	foreign.Certificates = []tls.Certificate{ecdsaCertificate(t)}
	two := c.Certificates[0]
	two.Certificate = append(two.Certificate[:1:1], two.Certificate[0])
	chain.Certificates = []tls.Certificate{two}
	for name, test := range map[string]struct {
		client *tls.Config
		server bool // it is the server that refuses
	}{
		"a client that is not pinned": {strange, true},
		"a server that is not pinned": {doubt, false},
		"TLS 1.2":                     {old, true},
		"a curve that is no hybrid":   {curve, true},
		"no certificate":              {bare, true},
		"a key of another kind":       {foreign, true},
		"two certificates":            {chain, true},
	} {
		clientErr, serverErr, _, _ := shake(t, test.client, s)
		if clientErr == nil || serverErr == nil {
			t.Errorf("%s: client %v, server %v", name, clientErr, serverErr)
		}
		var remote *net.OpError // what the refusing side says is no alert of the other
		if refuser := map[bool]error{true: serverErr, false: clientErr}[test.server]; errors.As(refuser, &remote) && remote.Op == "remote error" {
			t.Errorf("%s: refused by the wrong side: client %v, server %v", name, clientErr, serverErr)
		}
	}
}

func ecdsaCertificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
