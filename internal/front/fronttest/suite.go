// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fronttest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/front"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// Question is what the suite has a client ask, in the protocol's own way.
type Question struct {
	Key  string // API key, or what the protocol has in its place; none if empty
	User string // with Password; none if empty
	// Password of the user.
	Password string
	Item     string
	Note     string // none if empty
	// Extra asks for a field beside, that the form does not name.
	Extra bool
}

// Outcome is what the client was told.
type Outcome struct {
	Code  fault.Code // of a refusal, empty for an answer
	ID    string     // of the parcel, always
	Text  string     // of an answer
	Level int64      // of an answer
}

// Client asks one question as a client of the protocol does. Its error is a failure
// of the test, not a refusal.
type Client func(ctx context.Context, q Question) (Outcome, error)

// Behaviour is what the application does with a question that has reached it.
type Behaviour int

// The behaviours.
const (
	Answer   Behaviour = iota // text "ITEM:NOTE", level 2
	Secret                    // the same with level 5, which may not go out
	Hang                      // nothing, until the caller goes
	Garbage                   // an answer that is not of the protocol
	Strange                   // an answer of the protocol that is outside of the form
	Excess                    // more than the flow's AnswerBytes
	Close                     // closes the connection in place of an answer
	CloseMid                  // closes it in the middle of an answer
	CloseFor                  // answers well, then closes the connection without a word
)

// Seen is a question as the application saw it.
type Seen struct {
	Item, Note string
	Subject    string // who asks, as the protocol says it
	ID         string // of the parcel
	Extra      bool   // the field beside has come through
}

// Application is the far side of an adapter: it tells Recorder.Take of each
// question, once it has read all of it, and behaves as Take says.
type Application interface {
	// Exit is an adapter's exit with target Target, which is this application.
	Exit() front.Exit
	// Stop ends the application: nobody accepts connections any more.
	Stop()
}

// Adapter is what a protocol brings to the suite.
type Adapter struct {
	// Flow sets Protocol, Forms, Routes of the suite's flow (see Item).
	Flow func(f *policy.Flow)
	// Application starts one; it ends with the test.
	Application func(t *testing.T, r *Recorder) Application
	// Entry starts an entry before a crossing, as component Front with listener
	// Listener, and gives a client of it. It ends with the test.
	Entry func(t *testing.T, c front.Crossing) Client
}

// Recorder counts what reached the application and says what that does.
type Recorder struct {
	mu        sync.Mutex
	behaviour Behaviour
	seen      []Seen
}

// Take records a question and says what to do with it.
func (r *Recorder) Take(s Seen) Behaviour {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, s)
	return r.behaviour
}

// Set changes the behaviour and forgets what was seen.
func (r *Recorder) Set(b Behaviour) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.behaviour, r.seen = b, nil
}

// Seen is what has reached the application since Set.
func (r *Recorder) Seen() []Seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

// asked is how often an item was asked for since Set.
func (r *Recorder) asked(item string) (n int) {
	for _, s := range r.Seen() {
		if s.Item == item {
			n++
		}
	}
	return n
}

type bench struct {
	adapter  Adapter
	app      Application
	recorder *Recorder
	crossing *Crossing
	ask      Client
}

func newBench(t *testing.T, a Adapter, change func(*policy.Bundle)) *bench {
	t.Helper()
	b := &bench{adapter: a, recorder: &Recorder{}}
	b.app = a.Application(t, b.recorder)
	bundle := Bundle(1, Permit, a.Flow)
	if change != nil {
		change(&bundle)
	}
	b.crossing = NewCrossing(compile(t, bundle), b.app.Exit(), accounts()...)
	b.ask = a.Entry(t, b.crossing)
	return b
}

func compile(t *testing.T, b policy.Bundle) *policy.Policy {
	t.Helper()
	p, err := policy.Compile(b)
	if err != nil {
		t.Fatalf("compile: %v", err)
	}
	return p
}

// Run checks an adapter.
func Run(t *testing.T, a Adapter) {
	t.Run("answers", func(t *testing.T) { testAnswers(t, newBench(t, a, nil)) })
	t.Run("refuses", func(t *testing.T) { testRefuses(t, newBench(t, a, nil)) })
	t.Run("combinations", func(t *testing.T) { testCombinations(t, newBench(t, a, combined)) })
	t.Run("drops what the form does not name", func(t *testing.T) {
		testDrops(t, newBench(t, a, func(b *policy.Bundle) { b.Flows[0].Unknown = "drop" }))
	})
	t.Run("asks at most once", func(t *testing.T) { testOnce(t, newBench(t, a, patient)) })
	t.Run("waits no longer than the flow says", func(t *testing.T) { testHang(t, newBench(t, a, nil)) })
	t.Run("application not there", func(t *testing.T) { testDown(t, newBench(t, a, nil)) })
	t.Run("kept connections that closed", func(t *testing.T) { testClosing(t, newBench(t, a, nil)) })
	t.Run("many at once", func(t *testing.T) { testMany(t, newBench(t, a, patient)) })
	t.Run("caller goes away", func(t *testing.T) { testGone(t, newBench(t, a, patient)) })
	t.Run("new policy in mid-traffic", func(t *testing.T) { testPolicy(t, newBench(t, a, patient)) })
}

// combined wants a key and a password of one subject, or a key that is used where its
// subject belongs.
func combined(b *policy.Bundle) {
	b.Flows[0].Accept = []label.Assurance{label.ByPassword, label.ByAPIKey}
	b.Flows[0].Proofs = [][]label.Assurance{{label.ByAPIKey, label.ByPassword}, {label.ByAPIKey, label.ByAddress}}
}

// patient is for tests where nothing hangs, on machines that are slow.
func patient(b *policy.Bundle) { b.Flows[0].Limits.TimeoutMillis = 20_000 }

func (b *bench) want(t *testing.T, q Question, code fault.Code, seen int) Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got, err := b.ask(ctx, q)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	if got.Code != code {
		t.Errorf("%.80q of %.20s: code %q, want %q", q.Item, q.Key, got.Code, code)
	}
	if len(got.ID) != 32 {
		t.Errorf("%.80q: id %q", q.Item, got.ID)
	}
	if n := len(b.recorder.Seen()); n != seen {
		t.Errorf("%.80q: %d questions reached the application, want %d", q.Item, n, seen)
	}
	return got
}

func testAnswers(t *testing.T, b *bench) {
	for i, note := range []string{"", "a note", "\"quoted\" \\ <b>&amp; 征信 \U0001F6A2 \u2028", strings.Repeat("界", 900)} {
		b.recorder.Set(Answer)
		q := Question{Key: askerKey, Item: fmt.Sprintf("item-%d", i), Note: note}
		got := b.want(t, q, "", 1)
		if got.Text != q.Item+":"+note || got.Level != 2 {
			t.Errorf("answer %q, level %d, want %q", got.Text, got.Level, q.Item+":"+note)
		}
		s := b.recorder.Seen()[0]
		if s.Item != q.Item || s.Note != note || s.ID != got.ID || s.Subject != "inside/proxy-asker" {
			t.Errorf("the application saw %+v of %+v with id %s", s, q, got.ID)
		}
	}
}

func testRefuses(t *testing.T, b *bench) {
	b.want(t, Question{Key: strangerKey, Item: "a"}, fault.PolicyDenied, 0)
	b.want(t, Question{Item: "a"}, fault.CredentialMissing, 0)
	b.want(t, Question{Key: "no key", Item: "a"}, fault.CredentialInvalid, 0)
	b.want(t, Question{Key: askerKey, Item: "A"}, fault.ContentInvalid, 0)
	b.want(t, Question{Key: askerKey, Item: strings.Repeat("a", 33)}, fault.ContentInvalid, 0)
	b.want(t, Question{Key: askerKey, Item: "a", Extra: true}, fault.ContentInvalid, 0)
	b.want(t, Question{Key: askerKey, Item: "a", Note: strings.Repeat("x", noteLength+1)}, fault.ContentInvalid, 0)
	b.want(t, Question{Key: askerKey, Item: "a", Note: strings.Repeat("x", requestBytes+1)}, fault.ContentTooLarge, 0)
	b.want(t, Question{Key: askerKey, Item: "a", Note: strings.Repeat("x", 1<<20)}, fault.ContentTooLarge, 0)
	b.recorder.Set(Secret)
	if got := b.want(t, Question{Key: askerKey, Item: "a"}, fault.LabelLevel, 1); got.Text != "" {
		t.Errorf("a secret went out: %q", got.Text)
	}
}

// testCombinations: all that a way wants must come, and be one subject's. The suite's
// accounts are bound to no address.
func testCombinations(t *testing.T, b *bench) {
	b.want(t, Question{Key: askerKey, User: "asker", Password: askerPassword, Item: "a"}, "", 1)
	for _, q := range []struct {
		Question
		code fault.Code
	}{
		{Question{Key: askerKey, User: "asker", Password: "wrong", Item: "a"}, fault.CredentialInvalid},
		{Question{Key: "no key", User: "asker", Password: askerPassword, Item: "a"}, fault.CredentialInvalid},
		{Question{Key: strangerKey, User: "asker", Password: askerPassword, Item: "a"}, fault.CredentialInvalid},
		{Question{Key: strangerKey, User: "stranger", Password: strangerPassword, Item: "a"}, fault.PolicyDenied},
		{Question{User: "asker", Password: askerPassword, Item: "a"}, fault.CredentialMissing},
		{Question{Key: askerKey, Item: "a"}, fault.BindingMismatch},
		{Question{Item: "a"}, fault.CredentialMissing},
	} {
		b.want(t, q.Question, q.code, 1)
	}
}

func testDrops(t *testing.T, b *bench) {
	got := b.want(t, Question{Key: askerKey, Item: "a", Note: "n", Extra: true}, "", 1)
	if seen := b.recorder.Seen(); got.Text != "a:n" || seen[0].Extra {
		t.Errorf("answer %q, the application saw %+v", got.Text, seen)
	}
}

func testOnce(t *testing.T, b *bench) {
	q := Question{Key: askerKey, Item: "a"}
	for _, c := range []struct {
		behaviour Behaviour
		code      fault.Code
	}{
		{Garbage, fault.TargetFailed}, {Strange, fault.ContentInvalid}, {Excess, fault.ContentInvalid},
		{Close, fault.TargetFailed}, {CloseMid, fault.TargetFailed},
	} {
		b.recorder.Set(Answer)
		b.want(t, q, "", 1) // so that a connection is kept
		b.recorder.Set(c.behaviour)
		b.want(t, q, c.code, 1)
		b.want(t, q, c.code, 2) // and on a new one
	}
	b.recorder.Set(Answer)
	b.want(t, q, "", 1)
}

func testHang(t *testing.T, b *bench) {
	q := Question{Key: askerKey, Item: "a"}
	b.want(t, q, "", 1) // so that a connection is kept
	b.recorder.Set(Hang)
	b.want(t, q, fault.TargetTimeout, 1)
	b.want(t, q, fault.TargetTimeout, 2) // and on a new one
}

func testDown(t *testing.T, b *bench) {
	b.app.Stop()
	b.want(t, Question{Key: askerKey, Item: "a"}, fault.TargetUnavailable, 0)
}

// testClosing meets the moment in which a kept connection is closed: a question is
// answered or failed, and never asked twice.
func testClosing(t *testing.T, b *bench) {
	failed := 0
	b.recorder.Set(CloseFor)
	for i := range 300 {
		q := Question{Key: askerKey, Item: fmt.Sprintf("c-%d", i)}
		got, err := b.ask(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if got.Code != "" {
			failed++
		} else if n := b.recorder.asked(q.Item); n != 1 {
			t.Fatalf("%s: answered, and asked %d times", q.Item, n)
		}
	}
	for i := range 300 { // one that failed may have come to the application later
		if n := b.recorder.asked(fmt.Sprintf("c-%d", i)); n > 1 {
			t.Errorf("c-%d: asked %d times", i, n)
		}
	}
	t.Logf("%d of 300 met the moment of the close", failed)
}

func testMany(t *testing.T, b *bench) {
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			for j := range 10 {
				q := Question{Key: askerKey, Item: fmt.Sprintf("i-%d-%d", i, j), Note: strings.Repeat("n", i)}
				got, err := b.ask(t.Context(), q)
				if err != nil || got.Code != "" || got.Text != q.Item+":"+q.Note {
					t.Errorf("%s: %+v, %v", q.Item, got, err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(b.recorder.Seen()); n != 320 {
		t.Errorf("%d questions reached the application, want 320", n)
	}
}

func testGone(t *testing.T, b *bench) {
	b.recorder.Set(Hang)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = b.ask(ctx, Question{Key: askerKey, Item: "a"})
	}()
	deadline := time.After(20 * time.Second)
	for tick := time.NewTicker(time.Millisecond); len(b.recorder.Seen()) == 0; {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the question did not reach the application")
		}
	}
	cancel()
	<-done
	b.recorder.Set(Answer)
	b.want(t, Question{Key: askerKey, Item: "b"}, "", 1)
}

// testPolicy changes the bundle under traffic: each question gets an answer or the
// refusal of a bundle in force meanwhile, and the next one goes by the new bundle.
func testPolicy(t *testing.T, b *bench) {
	bundles := []*policy.Policy{compile(t, change(Bundle(2, Forbid, b.adapter.Flow))), compile(t, change(Bundle(3, Permit, b.adapter.Flow)))}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got, err := b.ask(t.Context(), Question{Key: askerKey, Item: "traffic"})
				if err != nil || got.Code != "" && got.Code != fault.PolicyDenied {
					t.Errorf("%+v, %v", got, err)
					return
				}
			}
		})
	}
	for i := range 20 {
		b.crossing.Apply(bundles[i%2])
		want := fault.PolicyDenied
		if i%2 == 1 {
			want = ""
		}
		if got, err := b.ask(t.Context(), Question{Key: askerKey, Item: "probe"}); err != nil || got.Code != want {
			t.Errorf("change %d: %+v, %v, want code %q", i, got, err, want)
		}
	}
	close(stop)
	wg.Wait()
}

func change(b policy.Bundle) policy.Bundle {
	patient(&b)
	return b
}
