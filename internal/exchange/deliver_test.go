// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package exchange

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/durable"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/internal/vault"
	"dukou.dev/dukou/internal/wire"
	"dukou.dev/dukou/internal/wire/wiretest"
)

func TestDeliverOnce(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 1<<20 + 1, 66 << 20} {
		r := newRig(t)
		body := noise(1, size)
		out := r.take("a", body)
		c, _ := r.link()
		first, err := r.attempt(c, out, nil)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		// The receipt was lost: it is given again, after a restart too.
		for range 2 {
			again, err := r.attempt(c, out, nil)
			if err != nil || again != first {
				t.Errorf("%d bytes: asked again, got %v %v, not the receipt %v", size, again, err, first)
			}
			r.reopenInbox()
			c, _ = r.link()
		}
		if err := r.outbox.Settle(out, Outcome{Receipt: first}); err != nil {
			t.Fatal(err)
		}
		if r.outbox.Pending() != 0 || len(r.settled) != 1 {
			t.Errorf("%d pending, told %d times", r.outbox.Pending(), len(r.settled))
		}
		r.released(map[string][]byte{"a": body})
	}
}

func TestResumeAtAnyChunk(t *testing.T) {
	t.Parallel()
	body := noise(2, 5<<20+17)
	for held := range uint64(6) {
		r := newRig(t)
		out := r.take("a", body)
		r.hold(out, held)
		out.Attempt = 1
		c, _ := r.link()
		var least uint64 = 1 << 62
		if _, err := r.attempt(c, out, func(sent uint64) { least = min(least, sent) }); err != nil {
			t.Fatalf("resume at chunk %d: %v", held, err)
		}
		if want := min((held+1)<<20, uint64(len(body))); least != want {
			t.Errorf("resume at chunk %d: the first chunk sent ends at %d, want %d", held, least, want)
		}
		r.released(map[string][]byte{"a": body})
	}
}

// hold makes the inbox hold the first chunks of a delivery.
func (r *rig) hold(out *Outgoing, chunks uint64) {
	r.t.Helper()
	h, message := carried(out)
	in, _, err := r.inbox.Begin(context.Background(), message.Header, h, "a/x")
	if err != nil {
		r.t.Fatal(err)
	}
	defer in.Close()
	links := parcel.Chain(out.Digests, h.Body.Size)
	if err := in.Start(Start{Link: links[0]}); err != nil {
		r.t.Fatal(err)
	}
	body := r.body(out)
	for i := range chunks {
		end := min((i+1)<<20, uint64(len(body)))
		if err := in.Chunk(links[i+1], body[i<<20:end]); err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestStagingFileLost(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := noise(3, 3<<20)
	out := r.take("a", body)
	r.hold(out, 2)
	if err := os.Truncate(filepath.Join(r.dir, "in", partName(out.ID)), 1<<20); err != nil {
		t.Fatal(err)
	}
	out.Attempt = 1
	c, _ := r.link()
	if _, err := r.attempt(c, out, nil); err != nil {
		t.Fatal(err)
	}
	r.released(map[string][]byte{"a": body})
}

func TestTwoAttemptsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := noise(4, 8<<20)
	out := r.take("a", body)
	h, message := carried(out)
	in, _, err := r.inbox.Begin(context.Background(), message.Header, h, "a/x")
	if err != nil {
		t.Fatal(err)
	}
	c, _ := r.link()
	if _, err := r.attempt(c, out, nil); fault.CodeOf(err) != fault.TooBusy || !Transient(err) {
		t.Errorf("second attempt: %v", err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	var receipts [4]Receipt
	var all sync.WaitGroup
	for i := range receipts {
		all.Go(func() {
			for receipts[i] == (Receipt{}) {
				var err error
				if receipts[i], err = r.attempt(c, out, nil); err != nil && !Transient(err) {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	for _, got := range receipts[1:] {
		if got != receipts[0] {
			t.Errorf("receipts differ: %v and %v", got, receipts[0])
		}
	}
	r.released(map[string][]byte{"a": body})
	if r.sink.releases != 1 {
		t.Errorf("released %d times", r.sink.releases)
	}
}

// altered is a body of which one byte is another.
type altered struct {
	io.ReaderAt
	at int64
}

func (a altered) ReadAt(p []byte, off int64) (int, error) {
	n, err := a.ReaderAt.ReadAt(p, off)
	if off <= a.at && a.at < off+int64(n) {
		p[a.at-off] ^= 1
	}
	return n, err
}

func TestAlteredChunk(t *testing.T) {
	t.Parallel()
	body := noise(5, 4<<20)
	for _, at := range []int64{0, 1<<20 - 1, 1 << 20, 4<<20 - 1} {
		for attempt := range 2 { // Rush and Offer
			r := newRig(t)
			out := r.take("a", body)
			out.Attempt = attempt
			c, _ := r.link()
			f, err := r.outbox.OpenBody(out)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.attemptBody(c, out, altered{f, at}, nil); fault.CodeOf(err) != fault.ParcelAltered || Transient(err) {
				t.Errorf("byte %d: %v", at, err)
			}
			r.released(nil)
			if _, err := r.patient(c, out, f); err != nil {
				t.Errorf("byte %d, then the right body: %v", at, err)
			}
			r.released(map[string][]byte{"a": body})
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestShortStream speaks the protocol up to a message and then ends the stream.
func TestShortStream(t *testing.T) {
	t.Parallel()
	body := noise(6, 2<<20)
	r := newRig(t)
	out := r.take("a", body)
	_, message := carried(out)
	links := parcel.Chain(out.Digests, out.Body.Size)
	messages := []wire.Message{
		CarriedMessage(KindRush, message),
		{Kind: KindStart, Payload: messageBytes(KindStart, Start{Link: links[0]})},
		{Kind: KindChunk, Payload: append(links[1][:], body[:1<<20]...)},
		{Kind: KindChunk, Payload: append(links[2][:], body[1<<20:]...)},
		{Kind: KindCommit},
	}
	for n := 1; n <= len(messages); n++ {
		for _, commitEarly := range []bool{false, true} {
			if n >= 4 && commitEarly {
				continue
			}
			c, cut := r.link()
			got := r.speak(c, messages[:n], commitEarly)
			if n == len(messages) {
				if got.Kind != KindReceipt {
					t.Errorf("whole stream: message of kind %d", got.Kind)
				}
			} else if got.Kind == KindReceipt {
				t.Errorf("%d messages, commit %t: a receipt", n, commitEarly)
			} else {
				r.released(nil)
			}
			cut()
		}
	}
	r.released(map[string][]byte{"a": body})
}

func messageBytes(kind wire.Kind, v any) []byte { return message(kind, v).Payload }

// speak sends messages, perhaps a commit, and the end; it gives the first answer.
func (r *rig) speak(c *wire.Conn, messages []wire.Message, commit bool) wire.Message {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	s, err := c.Open(ctx, wire.Bulk)
	if err != nil {
		r.t.Fatal(err)
	}
	defer s.Close()
	if commit {
		messages = append(slices.Clone(messages), wire.Message{Kind: KindCommit})
	}
	for _, m := range messages {
		if err = s.Send(ctx, m); err != nil {
			break // it was refused and reset before all was sent
		}
	}
	if err == nil {
		err = s.CloseSend()
	}
	var reset *wire.ResetError
	if err != nil && !errors.As(err, &reset) {
		r.t.Fatal(err)
	}
	m, err := s.Receive(ctx)
	if err != nil && ctx.Err() != nil {
		r.t.Fatal(err)
	}
	return m
}

// TestRefusalWhileSending refuses a large body after its first chunks, when the
// sender waits for credit: it must learn the code, not that a stream was reset.
func TestRefusalWhileSending(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	out := r.take("a", noise(7, 48<<20))
	c, _ := r.link()
	for attempt := range 8 {
		out.Attempt = attempt
		body, err := r.outbox.OpenBody(out)
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.patient(c, out, altered{body, int64(attempt) << 20})
		if fault.CodeOf(err) != fault.ParcelAltered {
			t.Errorf("altered in chunk %d: %v", attempt, err)
		}
		if err := body.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.sink.refuse["bad"] = fault.ContentRefused
	out := r.take("bad", noise(8, 10))
	c, _ := r.link()
	for range 3 {
		if _, err := r.attempt(c, out, nil); fault.CodeOf(err) != fault.ContentRefused {
			t.Errorf("got %v", err)
		}
		r.reopenInbox()
		c, _ = r.link()
	}
	delete(r.sink.refuse, "bad") // it stays refused
	if _, err := r.attempt(c, out, nil); fault.CodeOf(err) != fault.ContentRefused {
		t.Errorf("got %v", err)
	}
	r.released(nil)
	q, err := OpenQuarantined(durable.OS(), filepath.Join(r.dir, "in"), vault.Key{1}, out.ID)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(io.NewSectionReader(q, 0, q.Size()))
	if err := errors.Join(err, q.Close()); err != nil || !bytes.Equal(body, noise(8, 10)) || !strings.Contains(q.Reason, "the test says so") {
		t.Errorf("quarantine holds %d bytes, %q, %v", len(body), q.Reason, err)
	}
}

func TestSinkOutOfOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := noise(9, 3<<20)
	out := r.take("a", body)
	r.sink.failures = 3
	for range 2 {
		c, cut := r.link()
		if _, err := r.attempt(c, out, nil); err == nil || !Transient(err) {
			t.Errorf("got %v", err)
		}
		cut()
	}
	r.reopenInbox() // the third failure; the inbox opens all the same
	c, _ := r.link()
	if _, err := r.attempt(c, out, nil); err != nil {
		t.Error(err)
	}
	r.released(map[string][]byte{"a": body})
}

func TestSameIDOtherBody(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	out := r.take("a", noise(10, 100))
	c, _ := r.link()
	if _, err := r.attempt(c, out, nil); err != nil {
		t.Fatal(err)
	}
	other := r.take("b", noise(11, 100))
	other.ID, out.ID = out.ID, other.ID
	h, message := carried(other)
	if _, _, err := r.inbox.Begin(context.Background(), message.Header, h, "a/x"); fault.CodeOf(err) != fault.ParcelAltered {
		t.Errorf("got %v", err)
	}
}

func TestManyInPart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var first parcel.ID
	for i := range maxPartial + 10 {
		h, message := carried(&Outgoing{Draft: draft("x"), Body: parcel.Body{Size: 1, Root: parcel.Link{byte(i)}}})
		in, _, err := r.inbox.Begin(context.Background(), message.Header, h, "a/x")
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = h.ID
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(r.inbox.partial); n != maxPartial || r.inbox.partial[first] != nil {
		t.Errorf("%d deliveries in part, the first kept: %t", n, r.inbox.partial[first] != nil)
	}
	r.reopenInbox() // none of them had a record
	if parts, err := filepath.Glob(filepath.Join(r.dir, "in", "*"+partExt)); len(r.inbox.partial) != 0 || len(parts) != 0 || err != nil {
		t.Errorf("after a restart: %d in part, %d files, %v", len(r.inbox.partial), len(parts), err)
	}
}

func TestAdoptChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	path := filepath.Join(r.dir, "a")
	if err := os.WriteFile(path, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("one two"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.outbox.Adopt(draft("a"), r.dir, "a", durable.InfoOf(info)); !errors.Is(err, ErrChanged) {
		t.Errorf("longer: %v", err)
	}
	if err := errors.Join(os.Remove(path), os.Symlink("/etc/passwd", path)); err != nil {
		t.Fatal(err)
	}
	if err := r.outbox.Adopt(draft("a"), r.dir, "a", durable.InfoOf(info)); err == nil {
		t.Error("a link was taken")
	}
	if r.outbox.Pending() != 0 {
		t.Errorf("%d pending", r.outbox.Pending())
	}
}

func TestNoRoom(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	h, message := carried(&Outgoing{Draft: draft("x"), Body: parcel.Body{Size: parcel.MaxBody, Root: parcel.Link{1}}})
	if _, _, err := r.inbox.Begin(context.Background(), message.Header, h, "a/x"); fault.CodeOf(err) != fault.TooBusy || !Transient(err) {
		t.Errorf("a body of 1 TiB: %v", err)
	}
	h.Body.Size++
	h.ID = parcel.NewID()
	if _, _, err := r.inbox.Begin(context.Background(), message.Header, h, "a/x"); fault.CodeOf(err) != fault.ParcelTooLarge {
		t.Errorf("a body above the limit: %v", err)
	}
}

// TestUnsure: when no word comes after the commit, nobody knows whether it was
// released; before the commit, or after a word, it is known.
func TestUnsure(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for name, test := range map[string]struct {
		until wire.Kind
		say   fault.Code
		want  bool
	}{
		"broken off before the commit": {KindChunk, "", false},
		"broken off behind it":         {KindCommit, "", true},
		"interrupted behind it":        {KindCommit, fault.Interrupted, true},
		"refused at the commit":        {KindCommit, fault.PolicyDenied, false},
	} {
		body := noise(1, 8<<20) // more than is sent before the other side reads
		out := r.take(name, body)
		header, message := carried(out)
		d, a := wiretest.Pair(t, wire.Config{}, wire.Config{})
		go func() {
			s, err := a.Accept(t.Context())
			if err != nil {
				return
			}
			defer s.Close()
			for m := (wire.Message{}); err == nil && m.Kind != test.until; {
				m, err = s.Receive(t.Context())
			}
			if test.say != "" {
				_ = Refuse(t.Context(), s, out.ID, fault.New(test.say, "the test says so"))
			}
		}()
		_, err := Deliver(t.Context(), d, message, header, out, bytes.NewReader(body), nil)
		if err == nil || out.Unsure != test.want {
			t.Errorf("%s: %v, unsure %t", name, err, out.Unsure)
		}
	}
}

// TestRefusedIsRefused: who may have been told of a refusal hears of no delivery. It is
// on the disk before it is told, and after that nothing is sent, in any later life.
func TestRefusedIsRefused(t *testing.T) {
	t.Parallel()
	dir := memoryDir(t)
	var told []Outcome
	broken := errors.New("the test's origin cannot be told")
	open := func(settled Settled) *Outbox {
		o, err := OpenOutbox(OutboxConfig{Dir: dir, Key: vault.Key{2}, Settled: settled})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := open(func(*Outgoing, Outcome) error { return broken })
	if err := o.Accept(draft("a"), strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	out, err := o.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Settle(out, Outcome{Code: fault.PolicyDenied}); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	o.Later(out)
	if err := o.Close(); err != nil { // the life ends before it is told
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	o = open(func(_ *Outgoing, end Outcome) error {
		if told = append(told, end); len(told) < 3 {
			return broken
		}
		cancel()
		return nil
	})
	defer o.Close()
	if out, err := o.Next(ctx); err == nil {
		t.Fatalf("%s is to be sent again", out.ID)
	}
	if want := (Outcome{Code: fault.PolicyDenied}); len(told) != 3 || told[0] != want || told[2] != want || o.Pending() != 0 {
		t.Errorf("told %+v, %d pending", told, o.Pending())
	}
}

// TestReleaseHeld: what was refused for good is released by one approval, once; admit may
// refuse it, checks that keep the target safe hold, and nothing else releases anything.
func TestReleaseHeld(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := noise(8, 2<<20+3)
	r.sink.refuse["bad"] = fault.ContentRefused
	out := r.take("bad", body)
	c, _ := r.link()
	if _, err := r.attempt(c, out, nil); fault.CodeOf(err) != fault.ContentRefused {
		t.Fatal(err)
	}
	release := func(id parcel.ID, by byte, admit error) error {
		_, err := r.inbox.ReleaseHeld(t.Context(), id, Approval{by}, func(h *Held) error {
			if h.Name() != "bad" || h.Code != fault.ContentRefused || h.Header.ID != out.ID || h.Subject == "" || h.Since.IsZero() {
				t.Errorf("held: %+v", h)
			}
			return admit
		})
		return err
	}
	refused := func(what string, err error, want fault.Code) {
		t.Helper()
		if fault.CodeOf(err) != want {
			t.Errorf("%s: %v", what, err)
		}
		r.released(nil)
		if n := r.inbox.HeldCount(); n != 1 {
			t.Errorf("%s: %d in quarantine", what, n)
		}
	}
	refused("another parcel", release(parcel.NewID(), 1, nil), fault.ParcelUnknown)
	refused("not admitted", release(out.ID, 1, fault.New(fault.PolicyUnsigned, "the test says so")), fault.PolicyUnsigned)
	r.sink.strict = true
	refused("by the sink", release(out.ID, 1, nil), fault.ContentRefused)
	r.sink.strict = false
	back := r.inbox.back(out.ID)
	if err := os.WriteFile(back, body[:5], 0o600); err != nil { // of a release that a stop broke off
		t.Fatal(err)
	}
	r.reopenInbox()
	if _, err := os.Stat(back); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was refused stays in the clear: %v", err)
	}
	r.inbox.mu.Lock()
	delete(r.inbox.ends, out.ID) // it lies there for longer than a refusal is remembered
	r.inbox.mu.Unlock()
	if err := release(out.ID, 1, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the answer was lost; after a restart, too
		if err := release(out.ID, 1, errors.New("asked again")); err != nil {
			t.Error(err)
		}
		if err := release(out.ID, 2, nil); fault.CodeOf(err) != fault.ParcelUnknown {
			t.Errorf("by another approval: %v", err)
		}
		r.reopenInbox()
	}
	r.released(map[string][]byte{"bad": body})
	if list, err := r.inbox.HeldIDs(); err != nil || len(list) != 0 || r.inbox.HeldCount() != 0 {
		t.Errorf("left in quarantine: %v, %v", list, err)
	}
	c, _ = r.link()
	if _, err := r.attempt(c, out, nil); err != nil { // its sender, had it not heard of the refusal
		t.Error(err)
	}
	r.released(map[string][]byte{"bad": body})
}

// TestReleaseHeldAltered: a body that is not the one that came is not released.
func TestReleaseHeldAltered(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.sink.refuse["bad"] = fault.ContentRefused
	var ids []parcel.ID
	c, _ := r.link()
	for i := range 2 {
		out := r.take("bad", noise(uint64(8+i), 2<<20))
		if _, err := r.attempt(c, out, nil); fault.CodeOf(err) != fault.ContentRefused {
			t.Fatal(err)
		}
		ids = append(ids, out.ID)
	}
	admit := func(*Held) error { return nil }
	path := heldPath(filepath.Join(r.dir, "in"), ids[0])
	if err := os.Truncate(path, 24+8+(1<<20)+16); err != nil { // its magic, salt and first chunk
		t.Fatal(err)
	}
	if _, err := r.inbox.ReleaseHeld(t.Context(), ids[0], Approval{1}, admit); fault.CodeOf(err) != fault.ParcelAltered {
		t.Errorf("cut: %v", err)
	}
	if err := os.Rename(heldPath(filepath.Join(r.dir, "in"), ids[1]), path); err != nil {
		t.Fatal(err)
	}
	if _, err := r.inbox.ReleaseHeld(t.Context(), ids[0], Approval{1}, admit); err == nil {
		t.Error("another's body was released")
	}
	r.released(nil)
	if left, err := filepath.Glob(filepath.Join(r.dir, "in", "*"+backExt)); err != nil || len(left) != 0 {
		t.Errorf("left: %q, %v", left, err)
	}
}

// TestReleaseHeldAtOnce: of releases by several documents and deliveries at once, one
// gives the file out.
func TestReleaseHeldAtOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := noise(8, 4<<20)
	r.sink.refuse["bad"] = fault.ContentRefused
	out := r.take("bad", body)
	c, _ := r.link()
	if _, err := r.attempt(c, out, nil); fault.CodeOf(err) != fault.ContentRefused {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var won sync.Map
	for i := range 6 {
		by := Approval{byte(1 + i%2)}
		all.Go(func() {
			for {
				_, err := r.inbox.ReleaseHeld(t.Context(), out.ID, by, func(*Held) error { return nil })
				switch fault.CodeOf(err) {
				case fault.TooBusy:
					continue // another is at it: asked again, as a center does
				case fault.ParcelUnknown:
				default:
					if err != nil {
						t.Error(err)
					}
					won.Store(by, true)
				}
				return
			}
		})
	}
	all.Go(func() { _, _ = r.attempt(c, out, nil) }) // its old refusal, or the receipt
	all.Wait()
	n := 0
	won.Range(func(any, any) bool { n++; return true })
	if n != 1 || r.sink.releases != 1 {
		t.Errorf("%d documents released it, the sink %d times", n, r.sink.releases)
	}
	r.released(map[string][]byte{"bad": body})
}
