// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"dukou.dev/dukou/internal/demo"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
	"dukou.dev/dukou/test/fault/ledger"
)

// recorder is an application that notes every question before it answers.
type recorder struct {
	path    string
	judge   *follower // of the log that must have a question before it is asked
	mu      sync.Mutex
	arrived []ledger.Arrival
	cut     int // connections to cut off instead of an answer
	cuts    int
}

func newRecorder(t *testing.T, path string, judge *follower) *recorder {
	t.Helper()
	a := &recorder{path: path, judge: judge}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: a, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() { // ends with Close
		defer close(done)
		_ = s.Serve(l)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-done
	})
	return a
}

// question is what is asked, and proofOf what is answered.
type question struct {
	ID string `json:"id"`
}

func proofOf(id string) string {
	sum := sha256.Sum256([]byte("answer to " + id))
	return hex.EncodeToString(sum[:])
}

func (a *recorder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q question
	data, err := io.ReadAll(io.LimitReader(r.Body, 4096))
	if err == nil {
		err = json.Unmarshal(data, &q)
	}
	id, idErr := parcel.ParseID(r.Header.Get("X-Dukou-Id"))
	if err = errors.Join(err, idErr); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	arrival := ledger.Arrival{ID: q.ID, Flow: "fault-once", Parcel: id, Recorded: a.judge.hasQuestion(id), At: time.Now()}
	a.mu.Lock()
	a.arrived = append(a.arrived, arrival)
	cut := a.cut > 0
	if cut {
		a.cut--
		a.cuts++
	}
	a.mu.Unlock()
	if cut {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"proof":%q}`, proofOf(q.ID))
}

// asker asks questions at a steady rate, each once.
type asker struct {
	r      *rig
	judge  *follower // of the log that must have an answer before it is given
	client *http.Client
	mu     sync.Mutex
	sent   []ledger.Sent
	codes  map[string]int
	count  int
}

// askTimeout is longer than the flow's, so that most outcomes are told.
const askTimeout = 12 * time.Second

func newAsker(r *rig) *asker {
	// A connection for each, since net/http would send again on one that was kept.
	return &asker{r: r, judge: r.judges[demo.GuardGate], codes: map[string]int{}, client: &http.Client{Timeout: askTimeout, Transport: &http.Transport{DisableKeepAlives: true}}}
}

func (a *asker) once(ctx context.Context) {
	a.mu.Lock()
	a.count++
	id := fmt.Sprintf("q-%07d", a.count)
	a.mu.Unlock()
	s := ledger.Sent{ID: id, Flow: "fault-once", Want: ledger.Digest(sha256.Sum256([]byte(proofOf(id))))}
	a.ask(ctx, &s)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sent = append(a.sent, s)
	a.codes[fmt.Sprintf("%s %s", s.Outcome, s.Code)]++
}

// ask fills in what became of a question.
func (a *asker) ask(ctx context.Context, s *ledger.Sent) {
	body, err := json.Marshal(question{ID: s.ID})
	if err != nil {
		panic(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.r.FrontURL()+"/once", bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	r.Header.Set("X-API-Key", demo.APIKey)
	r.Header.Set("Content-Type", "application/json")
	resp, err := a.client.Do(r)
	if err != nil {
		return // unknown
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err != nil {
		return
	}
	var answer struct{ Proof, Error string }
	if err := json.Unmarshal(data, &answer); err != nil {
		return
	}
	s.Code = fault.Code(answer.Error)
	switch resp.StatusCode {
	case http.StatusOK:
		id, err := parcel.ParseID(resp.Header.Get("Dukou-Id"))
		s.Recorded = err == nil && a.judge.hasAnswer(id)
		s.Outcome, s.Digest = ledger.Answered, ledger.Digest(sha256.Sum256([]byte(answer.Proof)))
	case http.StatusBadGateway, http.StatusGatewayTimeout: // it may have been reached
	default:
		s.Outcome = ledger.Refused
	}
}
