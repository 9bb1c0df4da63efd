// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package neighbour_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dukou.dev/dukou/internal/neighbour"
	"dukou.dev/dukou/internal/neighbour/neighbourtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	one, two, three = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"
	port            = neighbourtest.Server + ":7000"
)

// open follows the table of a lab's server until the test ends.
func open(t testing.TB, l *neighbourtest.Lab) *neighbour.Table {
	t.Helper()
	var table *neighbour.Table
	if err := l.Do(func() (err error) {
		table, err = neighbour.Open()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- table.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return table
}

// listen takes connections and says nothing.
func listen(t testing.TB, l *neighbourtest.Lab) {
	t.Helper()
	ln, err := l.Listen(port)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-done
	})
}

func connect(t testing.TB, h *neighbourtest.Host) {
	t.Helper()
	c, err := h.Dial(port)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

// eventually waits for the kernel, which takes its time to believe another card.
func eventually(t testing.TB, what string, holds func() error) {
	t.Helper()
	var err error
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); <-tick.C {
		if err = holds(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

func is(table *neighbour.Table, address, want string) func() error {
	return func() error {
		card, err := table.At(netip.MustParseAddr(address))
		if err != nil || card.String() != want {
			return fmt.Errorf("%s is at %s (%v), want %s", address, card, err, want)
		}
		return nil
	}
}

// TestTable follows real cards on a real link.
func TestTable(t *testing.T) {
	lab := neighbourtest.New(t)
	a := lab.Client(t, "10.9.0.2/16", one)
	b := lab.Client(t, "10.9.0.3/16", two)
	listen(t, lab)
	connect(t, a) // before the table is opened
	table := open(t, lab)
	if err := is(table, "10.9.0.2", one)(); err != nil {
		t.Error("an entry from before:", err)
	}
	if _, err := table.At(netip.MustParseAddr("10.9.0.3")); !errors.Is(err, neighbour.ErrNone) {
		t.Error("who never spoke:", err)
	}
	connect(t, b)
	eventually(t, "a new client", is(table, "10.9.0.3", two))
	eventually(t, "the same, mapped into IPv6", is(table, "::ffff:10.9.0.3", two))
	a.Hardware(t, three)
	eventually(t, "a card that changed", func() error {
		if c, err := a.Dial(port); err == nil {
			_ = c.Close()
		}
		return is(table, "10.9.0.2", three)()
	})
	lab.Permanent(t, "10.9.0.9", two)
	eventually(t, "as an administrator says", is(table, "10.9.0.9", two))
	lab.Forget(t, "10.9.0.9")
	eventually(t, "forgotten", func() error {
		if _, err := table.At(netip.MustParseAddr("10.9.0.9")); !errors.Is(err, neighbour.ErrNone) {
			return fmt.Errorf("still there: %v", err)
		}
		return nil
	})
	if _, err := table.At(netip.MustParseAddr("127.0.0.1")); !errors.Is(err, neighbour.ErrNone) {
		t.Error("loopback has a card:", err)
	}
}

// TestElsewhere: a card that shows itself at another address than those expected.
func TestElsewhere(t *testing.T) {
	lab := neighbourtest.New(t)
	table := open(t, lab)
	card, err := neighbour.ParseHardware(one)
	if err != nil {
		t.Fatal(err)
	}
	within := func(a netip.Addr) bool { return a == netip.MustParseAddr("10.9.0.2") }
	lab.Permanent(t, "10.9.0.2", one)
	lab.Permanent(t, "169.254.7.7", one) // every card may make one of these for itself
	eventually(t, "its own", is(table, "10.9.0.2", one))
	eventually(t, "link-local", is(table, "169.254.7.7", one))
	if a, ok := table.Elsewhere(card, within); ok {
		t.Errorf("its own address %s counts as another", a)
	}
	lab.Permanent(t, "10.9.0.7", one)
	eventually(t, "another", func() error {
		if a, ok := table.Elsewhere(card, within); !ok || a.String() != "10.9.0.7" {
			return fmt.Errorf("%v %t", a, ok)
		}
		return nil
	})
	lab.Forget(t, "10.9.0.7")
	eventually(t, "gone again", func() error {
		if a, ok := table.Elsewhere(card, within); ok {
			return fmt.Errorf("%v", a)
		}
		return nil
	})
}

// TestLostNews: when the kernel tells more than the socket holds, the table is read
// anew and is right again, whatever the socket still held.
func TestLostNews(t *testing.T) {
	for _, rounds := range []int{9, 10} { // so that the last that were kept are others
		t.Run(fmt.Sprint(rounds), func(t *testing.T) { loseNews(t, rounds) })
	}
}

func loseNews(t *testing.T, rounds int) {
	lab := neighbourtest.New(t)
	set := func(card string) {
		for i := range 600 {
			lab.Permanent(t, fmt.Sprintf("10.9.%d.%d", 1+i/200, 1+i%200), card)
		}
	}
	set(one)
	var table *neighbour.Table
	if err := lab.Do(func() (err error) {
		table, err = neighbour.Open()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for i := range rounds { // nobody reads meanwhile, and the last are those that are lost
		set([]string{two, three}[(rounds-i)%2])
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- table.Run(ctx) }()
	for i := range 600 {
		eventually(t, "all of them", is(table, fmt.Sprintf("10.9.%d.%d", 1+i/200, 1+i%200), three))
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestParseHardware(t *testing.T) {
	for text, want := range map[string]string{
		"02:00:5E:10:00:01": "02:00:5e:10:00:01", "02-00-5e-10-00-01": "02:00:5e:10:00:01",
		"": "", "02": "", "01:00:5e:00:00:01": "", "ff:ff:ff:ff:ff:ff": "", "00:00:00:00:00:00": "", "02:00:5e:10:00:01:00:00": "",
	} {
		got, err := neighbour.ParseHardware(text)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

// FuzzParseHardware: what is read is written the same way and read again.
func FuzzParseHardware(f *testing.F) {
	f.Add("02:00:5e:10:00:01")
	f.Add("0200.5e10.0001")
	f.Fuzz(func(t *testing.T, text string) {
		h, err := neighbour.ParseHardware(text)
		if err != nil {
			return
		}
		if again, err := neighbour.ParseHardware(h.String()); err != nil || again != h {
			t.Fatalf("%q: %v, %v, %v", text, h, again, err)
		}
	})
}

// BenchmarkAt is the cost of a look.
func BenchmarkAt(b *testing.B) {
	lab := neighbourtest.New(b)
	lab.Permanent(b, "10.9.0.2", one)
	table := open(b, lab)
	address := netip.MustParseAddr("10.9.0.2")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := table.At(address); err != nil {
			b.Fatal(err)
		}
	}
}
