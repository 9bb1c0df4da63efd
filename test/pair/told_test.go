// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package pair

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/daemon"
	"dukou.dev/dukou/internal/inventory"
	"dukou.dev/dukou/internal/management"
	"dukou.dev/dukou/internal/monitor"
	"dukou.dev/dukou/internal/notify"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/vault"
)

// told has a center's monitor and notifier at work, and gives what a receiver gets.
func (w *world) told(ends *management.Ends) <-chan string {
	w.t.Helper()
	took := make(chan string, 100)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what is missing is missed
		took <- string(body)
	}))
	db, err := store.Open(context.Background(), "sqlite:"+filepath.Join(w.path("state", central), "center.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	nothing := func(string, string) {}
	log := slog.New(slog.DiscardHandler)
	n := notify.Open(notify.Config{DB: db, Key: vault.Key{3}, Tell: nothing, Log: log})
	m, err := monitor.Open(context.Background(), monitor.Config{
		DB: db, Observe: management.Observe(w.running[central].center, ends), Queue: management.QueueNews(n), Queued: n.Wake, Tell: nothing, Log: log,
		Record: func(audit.Entry) audit.Ticket { return audit.Ticket{} },
	})
	if err != nil {
		w.t.Fatal(err)
	}
	c := notify.Channel{Name: "duty", Kind: notify.Webhook, On: true, Language: "en", Least: 3, Template: "{{range .Items}}{{.State}} {{.Sentence}}{{end}}"}
	if _, err := n.Create(context.Background(), c, notify.Secrets{URL: receiver.URL}); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- daemon.Run(ctx, daemon.Task{Name: "monitor", Run: m.Run}, daemon.Task{Name: "notifier", Run: n.Run})
	}()
	w.t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, db.Close()); err != nil {
			w.t.Error(err)
		}
		receiver.Close()
	})
	return took
}

// TestInterruptionIsTold: from the end of the gate to what a receiver gets, over a real
// center, which has to find it out; and before it, that a certificate of the gate ends.
func TestInterruptionIsTold(t *testing.T) {
	t.Parallel()
	w := newCentered(t)
	var ends management.Ends
	took := w.told(&ends)
	if _, err := w.ask("out/p-1", "p-1"); err != nil {
		t.Fatal(err)
	}
	if text := next(t, took); !strings.HasPrefix(text, "firing The bundle ends in ") { // the site's is short
		t.Errorf("told: %s", text)
	}
	ends.Keep(gate, []inventory.End{{What: "certificate tls.pem", At: time.Now().Add(6 * time.Hour)}})
	if text := next(t, took); !strings.Contains(text, gate) || !strings.Contains(text, "certificate tls.pem") {
		t.Errorf("told of a certificate: %s", text)
	}
	began := time.Now()
	w.running[gate].stop()
	text := next(t, took)
	t.Logf("from the end of the gate to the receiver: %s", time.Since(began).Round(time.Millisecond))
	if !strings.HasPrefix(text, "firing "+gate+" does not answer. Interrupted flows: ") || !strings.Contains(text, "query") {
		t.Errorf("told: %s", text)
	}
}

// next is what a receiver gets next, however slow the machine.
func next(t *testing.T, took <-chan string) string {
	t.Helper()
	select {
	case text := <-took:
		return text
	case <-time.After(time.Minute):
		t.Fatal("nothing was told")
		return ""
	}
}
