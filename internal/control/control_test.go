// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package control_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/control"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/wire"
	"dukou.dev/dukou/internal/wire/wiretest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// served answers every call on a connection with a handler, until the test ends.
func served(t testing.TB, handler control.Handler) *wire.Conn {
	t.Helper()
	caller, called := wiretest.Pair(t, wire.Config{}, wire.Config{})
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(ended)
		for {
			s, err := called.Accept(ctx)
			if err != nil {
				return
			}
			serve(ctx, s, handler)
		}
	}()
	t.Cleanup(func() { cancel(); <-ended })
	return caller
}

func serve(ctx context.Context, s *wire.Stream, handler control.Handler) {
	defer s.Close()
	m, err := s.Receive(ctx)
	if err != nil {
		return
	}
	head, rule, err := control.DecodeHead(m)
	if err != nil {
		_ = control.Refuse(ctx, s, err)
		return
	}
	_ = control.Serve(ctx, s, head, rule, handler) // the error is the caller's to see
}

func call(t testing.TB, c *wire.Conn, typ control.Type, payload []byte) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return control.Call(ctx, c, control.Head{Type: typ, To: "x"}, payload)
}

// TestSizes: payloads and answers of every type pass up to its limit and no further.
func TestSizes(t *testing.T) {
	var give []byte
	var got int
	c := served(t, func(_ context.Context, _ control.Head, payload []byte) ([]byte, error) {
		got = len(payload)
		return give, nil
	})
	for typ := control.Bundle; ; typ++ {
		rule, ok := control.RuleOf(typ)
		if !ok {
			break
		}
		give = bytes.Repeat([]byte{1}, rule.Answer)
		if answer, err := call(t, c, typ, make([]byte, rule.Request)); err != nil || len(answer) != rule.Answer || got != rule.Request {
			t.Errorf("%s: %d bytes came, %d bytes back: %v", rule.Name, got, len(answer), err)
		}
		if _, err := call(t, c, typ, make([]byte, rule.Request+1)); fault.CodeOf(err) != fault.ParcelTooLarge {
			t.Errorf("%s with a byte more: %v", rule.Name, err)
		}
		give = make([]byte, rule.Answer+1)
		if answer, err := call(t, c, typ, nil); fault.CodeOf(err) != fault.ParcelTooLarge || answer != nil {
			t.Errorf("%s answered with a byte more: %v", rule.Name, err)
		}
	}
}

// TestCodes: a refusal's code comes back; nothing else of it does.
func TestCodes(t *testing.T) {
	var cause error
	c := served(t, func(context.Context, control.Head, []byte) ([]byte, error) { return []byte("secret"), cause })
	for _, code := range fault.Codes() {
		cause = fault.New(code, "secret")
		answer, err := call(t, c, control.Health, nil)
		if fault.CodeOf(err) != code || answer != nil || bytes.Contains([]byte(err.Error()), []byte("secret")) {
			t.Errorf("%s: %q, %v", code, answer, err)
		}
	}
	cause = errors.New("secret")
	if _, err := call(t, c, control.Health, nil); fault.CodeOf(err) != fault.InternalError {
		t.Error(err)
	}
	if _, err := call(t, c, 99, nil); fault.CodeOf(err) != fault.ParcelMalformed {
		t.Error(err)
	}
}

// TestRefuseEarly: a refusal that comes before a large payload was sent is heard.
func TestRefuseEarly(t *testing.T) {
	caller, called := wiretest.Pair(t, wire.Config{}, wire.Config{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s, err := called.Accept(context.Background())
		if err != nil {
			t.Error(err)
			return
		}
		_ = control.Refuse(context.Background(), s, fault.New(fault.RateLimited, "")) // gives back its cause
		s.Close()
	}()
	if _, err := call(t, caller, control.Bundle, make([]byte, 16<<20)); fault.CodeOf(err) != fault.RateLimited {
		t.Error(err)
	}
	<-ended
}

// TestAnswers: what is no answer is none.
func TestAnswers(t *testing.T) {
	tail := func(code string) wire.Message {
		return wire.Message{Kind: control.KindDone, Payload: canon.Must(control.Tail{Code: fault.Code(code)})}
	}
	part := func(n int) wire.Message { return wire.Message{Kind: control.KindPart, Payload: make([]byte, n)} }
	for name, test := range map[string]struct {
		messages []wire.Message
		want     fault.Code
	}{
		"good":            {[]wire.Message{part(10), part(10), tail("")}, ""},
		"refused":         {[]wire.Message{part(10), tail("policy-old")}, fault.PolicyOld},
		"an unknown code": {[]wire.Message{tail("no-such-code")}, fault.InternalError},
		"no tail":         {[]wire.Message{part(10)}, fault.PeerUnavailable},
		"nothing":         {nil, fault.PeerUnavailable},
		"another kind":    {[]wire.Message{{Kind: 3, Payload: []byte{1}}}, fault.ParcelMalformed},
		"an empty part":   {[]wire.Message{part(0), tail("")}, fault.ParcelMalformed},
		"too much":        {[]wire.Message{part(256 << 10), part(256 << 10), part(1), tail("")}, fault.ParcelTooLarge},
		"a broken tail":   {[]wire.Message{{Kind: control.KindDone, Payload: []byte{1}}}, fault.ParcelMalformed},
	} {
		caller, called := wiretest.Pair(t, wire.Config{}, wire.Config{})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			s, err := called.Accept(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			for _, m := range test.messages {
				_ = s.Send(context.Background(), m) // the caller may have had enough
			}
			_ = s.CloseSend()
			_, _ = s.Receive(context.Background())
		}()
		_, err := call(t, caller, control.Health, nil)
		if got := fault.CodeOf(err); test.want == "" && err != nil || test.want != "" && got != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		<-ended
	}
}

func FuzzDecodeHead(f *testing.F) {
	f.Add(uint8(control.KindCall), canon.Must(control.Head{Type: control.Time, To: "center"}))
	f.Add(uint8(control.KindPart), []byte{1})
	f.Fuzz(func(t *testing.T, kind uint8, payload []byte) {
		h, rule, err := control.DecodeHead(wire.Message{Kind: wire.Kind(kind), Payload: payload})
		if err != nil {
			return
		}
		known, ok := control.RuleOf(h.Type)
		if !ok || rule != known || wire.Kind(kind) != control.KindCall || h.To == "" || len(h.To) > 64 || !bytes.Equal(canon.Must(h), payload) {
			t.Fatalf("%+v of kind %d", h, kind)
		}
	})
}

// FuzzCall plays any two messages to either end of a call: it ends, with no more than
// its limit taken.
func FuzzCall(f *testing.F) {
	head := canon.Must(control.Head{Type: control.Time, To: "x"})
	f.Add(uint8(control.KindCall), head, uint8(control.KindPart), make([]byte, 16))
	f.Add(uint8(control.KindPart), []byte{1}, uint8(control.KindDone), canon.Must(control.Tail{}))
	f.Add(uint8(control.KindDone), canon.Must(control.Tail{Code: "policy-old"}), uint8(0), []byte{})
	f.Fuzz(func(t *testing.T, kind1 uint8, payload1 []byte, kind2 uint8, payload2 []byte) {
		messages := []wire.Message{{Kind: wire.Kind(kind1), Payload: payload1}, {Kind: wire.Kind(kind2), Payload: payload2}}
		a, b := wiretest.Pair(t, wire.Config{}, wire.Config{})
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s, err := b.Accept(ctx)
			if err != nil {
				return
			}
			serve(ctx, s, func(_ context.Context, h control.Head, payload []byte) ([]byte, error) {
				if rule, _ := control.RuleOf(h.Type); len(payload) > rule.Request {
					t.Errorf("%d bytes of %s", len(payload), rule.Name)
				}
				return nil, nil
			})
		}()
		play(ctx, t, a, messages)
		<-done
		go func() { // the other way round
			s, err := a.Accept(ctx)
			if err != nil {
				return
			}
			for _, m := range messages {
				_ = s.Send(ctx, m)
			}
			_ = s.CloseSend()
			_, _ = s.Receive(ctx)
			s.Close()
		}()
		answer, err := control.Call(ctx, b, control.Head{Type: control.Health, To: "x"}, nil)
		if err == nil && len(answer) > 16<<10 {
			t.Errorf("an answer of %d bytes", len(answer))
		}
	})
}

func play(ctx context.Context, t *testing.T, c *wire.Conn, messages []wire.Message) {
	s, err := c.Open(ctx, wire.Interactive)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, m := range messages {
		_ = s.Send(ctx, m) // kind 0 is refused here
	}
	_ = s.CloseSend()
	_, _ = s.Receive(ctx)
}
