// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

// stage is a notifier over a database.
type stage struct {
	t  *testing.T
	db *store.DB
	n  *Notifier

	mu      sync.Mutex
	now     time.Time
	failing []string // channel and why
}

func newStage(t *testing.T, db *store.DB) *stage {
	s := &stage{t: t, db: db, now: time.Date(2026, 11, 22, 13, 40, 5, 0, time.UTC)} // a Sunday, 21:40 in Shanghai
	s.open()
	return s
}

func (s *stage) open() {
	s.n = Open(Config{
		DB: s.db, Key: [32]byte{7}, Console: "https://console.bank.internal/", Host: "center-1",
		Log: slog.New(slog.DiscardHandler), Tell: func(string, string) {},
		Now: func() time.Time {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.now
		},
		Failing: func(channel, why string) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.failing = append(s.failing, channel+": "+why)
		},
	})
}

func (s *stage) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

func (s *stage) channel(c Channel, secrets Secrets) Channel {
	s.t.Helper()
	if c.Name == "" {
		c.Name = string(c.Kind)
	}
	c.On = true
	made, err := s.n.Create(s.t.Context(), c, secrets)
	if err != nil {
		s.t.Fatal(err)
	}
	return made
}

func (s *stage) enqueue(messages ...Message) {
	s.t.Helper()
	err := s.db.Tx(s.t.Context(), func(tx *sql.Tx) error {
		for _, m := range messages {
			if err := s.n.Enqueue(s.t.Context(), tx, m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// round serves all channels that have something to take, and waits for them.
func (s *stage) round() {
	s.t.Helper()
	var all sync.WaitGroup
	if err := s.n.round(s.t.Context(), &all); err != nil {
		s.t.Fatal(err)
	}
	all.Wait()
}

func (s *stage) standing(id string) Standing {
	s.t.Helper()
	all, err := s.n.Standings(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return all[id]
}

// lost is the usual message.
func lost(id string) Message {
	return Message{
		Alert: id, Rule: "component-unreachable", Level: 3, State: Firing, Component: "gate-1", At: time.Date(2026, 11, 22, 13, 40, 4, 0, time.UTC), Count: 1,
		Sentences: map[string]string{
			"en": "gate-1 does not answer. Interrupted flows: credit-query.",
			"zh": "部件 gate-1 没有应答。受影响的数据流：credit-query。",
		},
	}
}

func found(id string) Message {
	m := lost(id)
	m.State, m.At = Resolved, m.At.Add(time.Minute)
	m.Sentences = map[string]string{"en": "gate-1 does not answer.", "zh": "部件 gate-1 没有应答。"}
	return m
}

const (
	one = "00000000000000000000000000000001"
	two = "00000000000000000000000000000002"
)

// certificate is a certificate for the loopback address with its key, and itself in PEM.
func certificate(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "receiver"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // some tests close it
	return l
}

// within is a context for what must come, however slow the machine.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
