// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	nethttp "net/http"
	"testing"
	"time"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/front/http"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/neighbour"
	"dukou.dev/dukou/internal/neighbour/neighbourtest"
	"dukou.dev/dukou/internal/policy"
)

// The network cards of the clients.
const (
	cardOne, cardTwo, cardThree = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
	cardEvil                    = "02:00:00:00:00:ee"
)

// passed is what a question gets once its subject is established: there is no guard.
const passed = fault.GuardUnavailable

// bench is a front with an http entry on a real link.
type bench struct {
	*rig
	lab *neighbourtest.Lab
	at  string
}

// boundBundle has out/key, who is bound to addresses and a card and has a key, and
// out/user, who is known by an address alone.
func (r *rig) boundBundle() *policy.Bundle {
	b := r.bundle(policy.Limits{TimeoutMillis: 20, Rate: 1 << 20}, []label.Assurance{label.ByAPIKey, label.ByAddress})
	r.seal(b, policy.Directory{
		Credentials: []policy.Credential{{Subject: "out/key", Method: label.ByAPIKey, Value: digest([]byte("the key"))}},
		Bindings: []policy.Binding{
			{Subject: "out/key", Addresses: []string{"10.9.0.0/24"}, Hardware: []string{cardOne}},
			{Subject: "out/user", Addresses: []string{"10.9.0.3/32", "10.9.0.64/26"}},
		},
	})
	f := &b.Flows[0]
	f.Listener = "l"
	f.Forms = []policy.Form{{Name: "r", Request: policy.Schema{Type: policy.Record, Fields: []policy.Field{
		{Name: "form", Required: true, Schema: policy.Schema{Type: policy.Text, Max: 1}},
	}}}}
	f.Routes = []policy.Route{{Form: "r", Method: "GET", Path: "/r"}}
	return b
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{rig: newRig(t), lab: neighbourtest.New(t), at: neighbourtest.Server + ":8080"}
	if err := b.lab.Do(func() (err error) {
		b.neighbours, err = neighbour.Open()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	f, err := b.start(b.boundBundle())
	if err != nil {
		t.Fatal(err)
	}
	var entry *http.Entry
	if err := b.lab.Do(func() (err error) {
		entry, err = http.NewEntry(http.EntryConfig{
			Crossing: f, Front: "front-out", Log: slog.New(slog.DiscardHandler), Listeners: map[string]http.Listener{"l": {Network: "tcp", Address: b.at}},
		})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- f.Run(ctx) }()
	go func() { ended <- entry.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	<-entry.Ready()
	return b
}

// ask puts one request and gives the code of the refusal.
func ask(c net.Conn, key string) (fault.Code, error) {
	header := ""
	if key != "" {
		header = "X-API-Key: " + key + "\r\n"
	}
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintf(c, "GET /r HTTP/1.1\r\nHost: h\r\n%s\r\n", header); err != nil {
		return "", err
	}
	resp, err := nethttp.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var p struct{ Error fault.Code }
	err = json.NewDecoder(resp.Body).Decode(&p)
	return p.Error, err
}

// gets waits until a client's question, each on a new connection, gets a code.
func (b *bench) gets(what string, h *neighbourtest.Host, key string, want fault.Code) {
	b.t.Helper()
	var got fault.Code
	var err error
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); <-tick.C {
		var c net.Conn
		if c, err = h.Dial(b.at); err != nil {
			continue
		}
		got, err = ask(c, key)
		_ = c.Close()
		if err == nil && got == want {
			return
		}
	}
	b.t.Fatalf("%s: %q, %v, want %q", what, got, err, want)
}

// only holds each of several tries to the same code.
func (b *bench) only(what string, h *neighbourtest.Host, key string, want fault.Code) {
	b.t.Helper()
	for range 3 {
		c, err := h.Dial(b.at)
		if err != nil {
			b.t.Fatalf("%s: %v", what, err)
		}
		got, err := ask(c, key)
		_ = c.Close()
		if err != nil || got != want {
			b.t.Fatalf("%s: %q, %v, want %q", what, got, err, want)
		}
	}
}

// TestBoundToCards: a subject is who has its key, at its address, on its network card,
// as the kernel of the front sees it; a network that lies is refused until it is as it
// should be again.
func TestBoundToCards(t *testing.T) {
	b := newBench(t)
	one := b.lab.Client(t, "10.9.0.2/16", cardOne)
	two := b.lab.Client(t, "10.9.0.3/16", cardTwo)
	three := b.lab.Client(t, "10.9.1.2/16", cardThree)
	b.only("key, address, card", one, "the key", passed)
	b.only("another card", two, "the key", fault.BindingMismatch)
	b.only("another address", three, "the key", fault.BindingMismatch)
	b.only("a key of nobody from the right place", one, "a key", fault.CredentialInvalid)
	b.only("no key, and the flow takes its address for it", one, "", passed)

	kept, err := one.Dial(b.at)
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	if got, err := ask(kept, "the key"); err != nil || got != passed {
		t.Fatalf("on a connection that is kept: %q, %v", got, err)
	}
	one.Hardware(t, cardEvil)
	b.gets("the card has changed", one, "the key", fault.BindingMismatch)
	if got, err := ask(kept, "the key"); err != nil || got != fault.BindingMismatch {
		t.Fatalf("on the connection from before: %q, %v", got, err)
	}
	b.only("and it stays so", one, "the key", fault.BindingMismatch)
	one.Hardware(t, cardOne)
	b.gets("the right card again", one, "the key", passed)

	evil := b.lab.Client(t, "10.9.0.2/16", cardEvil) // the same address at the same time
	b.gets("who took the address over", evil, "the key", fault.BindingMismatch)
	evil.Unplug(t)
	one.Forget(t, neighbourtest.Server) // it asks for the server's card anew, and so is seen itself
	b.gets("the right one again", one, "the key", passed)

	b.lab.Permanent(t, "10.9.1.77", cardOne)
	b.gets("the card is elsewhere, too", one, "the key", fault.BindingMismatch)
	b.lab.Forget(t, "10.9.1.77")
	b.gets("no more", one, "the key", passed)
}

// TestBoundToAddresses: who is bound to an address only is held to the card that was
// first seen there.
func TestBoundToAddresses(t *testing.T) {
	b := newBench(t)
	two := b.lab.Client(t, "10.9.0.3/16", cardTwo)
	stranger := b.lab.Client(t, "10.9.1.2/16", cardThree)
	b.only("by the address alone", two, "", passed)
	b.only("of nobody", stranger, "", fault.BindingMismatch)
	two.Hardware(t, cardEvil)
	b.gets("the card has changed", two, "", fault.BindingMismatch)
	b.only("and it stays so", two, "", fault.BindingMismatch)
	two.Hardware(t, cardTwo)
	b.gets("the first card again", two, "", passed)
}

// TestBindings are the cases that need no network.
func TestBindings(t *testing.T) {
	r := newRig(t)
	b := r.boundBundle()
	f, err := r.start(b)
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		given   front.Credentials
		subject string
		want    fault.Code
	}{
		"a Unix socket":                 {front.Credentials{APIKey: "the key", Remote: "@"}, "", fault.BindingMismatch},
		"nothing over a Unix socket":    {front.Credentials{Remote: "@"}, "", fault.BindingMismatch},
		"no neighbour table":            {front.Credentials{APIKey: "the key", Remote: "10.9.0.2:1"}, "", fault.BindingMismatch},
		"an address alone":              {front.Credentials{Remote: "10.9.0.3:1"}, "out/user", ""},
		"the same, mapped into IPv6":    {front.Credentials{Remote: "[::ffff:10.9.0.3]:1"}, "out/user", ""},
		"an address of a prefix":        {front.Credentials{Remote: "10.9.0.65:1"}, "out/user", ""},
		"of the wider prefix's subject": {front.Credentials{Remote: "10.9.0.4:1"}, "", fault.BindingMismatch}, // bound to a card as well
		"beyond the prefixes":           {front.Credentials{Remote: "10.9.1.3:1"}, "", fault.BindingMismatch},
		"a key is tried first":          {front.Credentials{APIKey: "no key", Remote: "10.9.0.3:1"}, "", fault.CredentialInvalid},
	} {
		s, err := f.Authenticate(t.Context(), f.Policy().Flow("f"), test.given)
		if test.want != "" && fault.CodeOf(err) != test.want || test.want == "" && (err != nil || s.ID != test.subject || s.Assurance != label.ByAddress) {
			t.Errorf("%s: %+v, %v, want %q %s", name, s, err, test.subject, test.want)
		}
	}
}

// TestDirectoryRefused: bindings that say nothing for certain keep the bundle out.
func TestDirectoryRefused(t *testing.T) {
	r := newRig(t)
	for name, d := range map[string]policy.Directory{
		"a host in place of a prefix": {Bindings: []policy.Binding{{Subject: "out/key", Addresses: []string{"10.1.1.1/24"}}}},
		"no prefix":                   {Bindings: []policy.Binding{{Subject: "out/key", Addresses: []string{"10.1.1.1"}}}},
		"no card":                     {Bindings: []policy.Binding{{Subject: "out/key", Hardware: []string{"01:00:00:00:00:01"}}}},
		"bound to nothing":            {Bindings: []policy.Binding{{Subject: "out/key"}}},
		"bound twice":                 {Bindings: []policy.Binding{{Subject: "out/key", Hardware: []string{cardOne}}, {Subject: "out/key", Hardware: []string{cardTwo}}}},
		"a key that is no digest":     {Credentials: []policy.Credential{{Subject: "out/key", Method: label.ByAPIKey, Value: "00"}}},
	} {
		b := r.bundle(policy.Limits{}, []label.Assurance{label.ByAPIKey})
		r.seal(b, d)
		if _, err := r.start(b); fault.CodeOf(err) != fault.PolicyMalformed {
			t.Errorf("%s: %v", name, err)
		}
	}
}
