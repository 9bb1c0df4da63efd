// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

// hook is a receiver of webhooks that can be down.
type hook struct {
	url  string
	down atomic.Bool
	took chan string // bodies
}

func newHook(t *testing.T) *hook {
	h := &hook{took: make(chan string, 1000)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.down.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body := make([]byte, r.ContentLength)
		if _, err := r.Body.Read(body); err != nil && err.Error() != "EOF" {
			t.Error(err)
		}
		h.took <- string(body)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL + "/h"
	return h
}

// lines is a webhook whose body is a line for each item.
func (h *hook) lines(s *stage, name string) Channel {
	return s.channel(Channel{Kind: Webhook, Name: name, Language: "en", Template: "{{range .Items}}{{.State}} {{.Alert}};{{end}}+{{.More}}"}, Secrets{URL: h.url})
}

func (h *hook) all() (list []string) {
	for {
		select {
		case body := <-h.took:
			list = append(list, body)
		default:
			return list
		}
	}
}

func TestQueue(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		h := newHook(t)
		made := h.lines(s, "duty")
		h.down.Store(true)
		s.enqueue(lost(one))
		s.round()
		if st := s.standing(made.ID); st.Waiting != 1 || !strings.Contains(st.Error, "503") {
			t.Errorf("down: %+v", st)
		}
		s.open() // another life of the center: the queue is there
		s.pass(time.Second)
		s.enqueue(lost(two), found(one))
		h.down.Store(false)
		s.pass(time.Hour)
		s.round()
		if got := h.all(); len(got) != 1 || got[0] != "firing "+one+";firing "+two+";resolved "+one+";+0" {
			t.Errorf("took %q", got)
		}
		s.pass(time.Hour)
		s.round()
		if got := h.all(); len(got) != 0 {
			t.Errorf("again: %q", got)
		}
		if st := s.standing(made.ID); st.Waiting != 0 || st.Failed != 0 || st.Last.IsZero() || st.Error != "" {
			t.Errorf("after: %+v", st)
		}
		if n, err := s.n.Waiting(t.Context()); err != nil || n != 0 {
			t.Errorf("waiting %d, %v", n, err)
		}
	})
}

// TestNothingWithoutCommit: what its transaction takes back is told to nobody.
func TestNothingWithoutCommit(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	h := newHook(t)
	h.lines(s, "duty")
	back := errors.New("taken back")
	err := s.db.Tx(t.Context(), func(tx *sql.Tx) error {
		return errors.Join(s.n.Enqueue(t.Context(), tx, lost(one)), back)
	})
	if !errors.Is(err, back) {
		t.Fatal(err)
	}
	s.round()
	if got := h.all(); len(got) != 0 {
		t.Errorf("took %q", got)
	}
}

// TestToldWhereItBegan: an end is told to those who were told of the beginning.
func TestToldWhereItBegan(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	h := newHook(t)
	c := Channel{Kind: Webhook, Name: "by day", Windows: []string{"1-5 09:00-18:00 1"}, Template: "day {{(index .Items 0).State}}"}
	s.channel(c, Secrets{URL: h.url})
	c.Name, c.Windows, c.Template = "by night", []string{"1-7 00:00-24:00 3"}, "night {{(index .Items 0).State}}"
	s.channel(c, Secrets{URL: h.url})
	s.enqueue(lost(one)) // a Sunday night
	s.round()
	s.pass(20 * time.Hour) // a Monday
	s.enqueue(found(one))
	s.round()
	if got := strings.Join(h.all(), ", "); got != "night firing, night resolved" {
		t.Errorf("took %s", got)
	}
}

// TestLimit: a robot gets no more than its vendor lets it in any minute, and all that
// waits goes with the next message.
func TestLimit(t *testing.T) {
	for _, k := range []Kind{Mail, Webhook, WeCom, DingTalk, Feishu, Syslog} {
		s := newStage(t, storetest.SQLite(t))
		c := &stored{Channel: Channel{ID: "x", Kind: k}}
		s.n.enter("x")
		var taken []time.Time
		for range 10 * 60 * 5 {
			if s.n.turn(c) {
				taken = append(taken, s.n.Now())
			}
			s.pass(200 * time.Millisecond)
		}
		most := 0
		for i := range taken {
			n := 0
			for _, at := range taken[i:] {
				if at.Sub(taken[i]) < time.Minute {
					n++
				}
			}
			most = max(most, n)
		}
		if most > perMinute(k) || most < perMinute(k)/2 && most < 150 {
			t.Errorf("%s: %d in a minute, limit %d", k, most, perMinute(k))
		}
	}
}

func TestFolded(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	h := newHook(t)
	made := h.lines(s, "duty")
	for i := range 80 {
		s.enqueue(lost(fmt.Sprintf("%032d", i)))
		s.round()
	}
	first := len(h.all())
	s.pass(time.Minute)
	s.round()
	last := h.all()
	if first > 60 || len(last) != 1 || !strings.HasSuffix(last[0], fmt.Sprintf(";+%d", 80-first-listed)) || s.standing(made.ID).Waiting != 0 {
		t.Errorf("%d messages, then %q", first, last)
	}
}

// TestFailing: it is told when a channel takes nothing, and when it does again, and
// what is a day old is given up.
func TestFailing(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	h := newHook(t)
	made := h.lines(s, "duty")
	h.down.Store(true)
	s.enqueue(lost(one))
	tries := 0
	for range 10 * 60 / 4 {
		before := s.standing(made.ID)
		s.round()
		if s.n.lanes[made.ID].misses > tries {
			tries = s.n.lanes[made.ID].misses
		}
		if before.Waiting != 1 {
			t.Fatalf("%+v", before)
		}
		s.pass(4 * time.Second)
	}
	if tries < 5 || tries > 12 || len(s.failing) != 1 || !strings.HasPrefix(s.failing[0], "duty: answered with status 503") {
		t.Errorf("%d tries in ten minutes; told %q", tries, s.failing)
	}
	s.pass(25 * time.Hour)
	s.round()
	if st := s.standing(made.ID); st.Waiting != 0 || st.Failed != 1 {
		t.Errorf("a day later: %+v", st)
	}
	h.down.Store(false)
	s.enqueue(lost(two))
	s.round()
	if len(s.failing) != 2 || s.failing[1] != "duty: " {
		t.Errorf("told %q", s.failing)
	}
	s.open() // another life does not know whether it was told of
	s.enqueue(lost(one))
	s.round()
	if len(s.failing) != 3 || s.failing[2] != "duty: " {
		t.Errorf("told %q", s.failing)
	}
}

// TestRun: the loop tells what is queued when it is woken, and ends.
func TestRun(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	h := newHook(t)
	h.lines(s, "duty")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.n.Run(ctx) }()
	s.enqueue(lost(one))
	s.n.Wake()
	select {
	case body := <-h.took:
		if body != "firing "+one+";+0" {
			t.Errorf("took %q", body)
		}
	case <-within(t).Done():
		t.Error("nothing arrived")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestChannels(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := newStage(t, db)
		made := s.channel(Channel{Kind: DingTalk, Name: "值班群"}, Secrets{URL: "https://oapi.example/send?access_token=x", Secret: "s"})
		if made.Revision != 1 || strings.Join(made.Set, ",") != "url,secret" || made.Language != "zh" || made.Zone != "Asia/Shanghai" {
			t.Errorf("%+v", made)
		}
		if _, err := s.n.Create(t.Context(), Channel{Kind: Syslog, Name: "值班群", Server: "h:1"}, Secrets{}); problem.CodeOf(err) != problem.Conflict {
			t.Errorf("the same name: %v", err)
		}
		changed := made
		changed.Language = "en"
		after, err := s.n.Replace(t.Context(), made.ID, 1, changed, Secrets{})
		if err != nil || after.Revision != 2 || len(after.Set) != 2 {
			t.Errorf("%+v, %v", after, err)
		}
		if _, err := s.n.Replace(t.Context(), made.ID, 1, changed, Secrets{}); problem.CodeOf(err) != problem.Stale {
			t.Errorf("an older revision: %v", err)
		}
		got, err := s.n.Get(t.Context(), made.ID)
		if err != nil || got.Language != "en" || got.Revision != 2 {
			t.Errorf("%+v, %v", got, err)
		}
		changed.Kind = WeCom
		if _, err := s.n.Replace(t.Context(), made.ID, 2, changed, Secrets{}); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("another kind: %v", err)
		}
		if d := Difference(made, after, Secrets{Secret: "new"}); !strings.Contains(d, "secret set anew") || strings.Contains(d, "new\"") || strings.Contains(d, "access_token") {
			t.Errorf("difference: %s", d)
		}
		s.enqueue(lost(one))
		if err := s.n.Delete(t.Context(), made.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.n.Delete(t.Context(), made.ID); problem.CodeOf(err) != problem.Unknown {
			t.Errorf("deleted twice: %v", err)
		}
		if n, err := s.n.Waiting(t.Context()); err != nil || n != 0 {
			t.Errorf("waiting %d, %v", n, err)
		}
	})
}

// TestSecretsStay: who may change a channel cannot have its secret sent elsewhere.
func TestSecretsStay(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	mail := s.channel(Channel{Kind: Mail, Server: "mail.bank.internal:587", User: "dukou", From: "a@b.c", To: []string{"d@b.c"}}, Secrets{Password: "p"})
	moved := mail
	moved.Server = "mail.evil.example:587"
	if _, err := s.n.Replace(t.Context(), mail.ID, 1, moved, Secrets{}); problem.CodeOf(err) != problem.Invalid {
		t.Errorf("another server: %v", err)
	}
	if _, err := s.n.Replace(t.Context(), mail.ID, 1, moved, Secrets{Password: "another"}); err != nil {
		t.Errorf("another server with its password: %v", err)
	}
	hook := s.channel(Channel{Kind: Webhook}, Secrets{URL: "https://a.example/x", Headers: map[string]string{"Authorization": "t"}})
	if _, err := s.n.Replace(t.Context(), hook.ID, 1, hook, Secrets{URL: "https://evil.example/x"}); problem.CodeOf(err) != problem.Invalid {
		t.Errorf("old headers to another address: %v", err)
	}
	hook.Proxy = "http://evil.example:3128"
	if _, err := s.n.Replace(t.Context(), hook.ID, 1, hook, Secrets{}); problem.CodeOf(err) != problem.Invalid {
		t.Errorf("by another proxy: %v", err)
	}
}

func TestBadChannels(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	url := Secrets{URL: "https://a.example/x"}
	mail := func(change func(*Channel)) Channel {
		c := Channel{Kind: Mail, Name: "m", Server: "mail:25", From: "a@b.c", To: []string{"d@e.f"}}
		change(&c)
		return c
	}
	for name, c := range map[string]struct {
		channel Channel
		secrets Secrets
	}{
		"no kind":              {Channel{Name: "x"}, url},
		"no name":              {Channel{Kind: WeCom}, url},
		"a zone":               {Channel{Kind: WeCom, Name: "x", Zone: "../../etc/passwd"}, url},
		"this host's zone":     {Channel{Kind: WeCom, Name: "x", Zone: "Local"}, url},
		"a window":             {Channel{Kind: WeCom, Name: "x", Windows: []string{"always"}}, url},
		"no address":           {Channel{Kind: WeCom, Name: "x"}, Secrets{}},
		"a file":               {Channel{Kind: Webhook, Name: "x"}, Secrets{URL: "file:///etc/passwd"}},
		"a user in it":         {Channel{Kind: Webhook, Name: "x"}, Secrets{URL: "https://a:b@c/d"}},
		"a header":             {Channel{Kind: Webhook, Name: "x"}, Secrets{URL: url.URL, Headers: map[string]string{"X\r\nY": "z"}}},
		"a header's value":     {Channel{Kind: Webhook, Name: "x"}, Secrets{URL: url.URL, Headers: map[string]string{"X": "a\r\nb"}}},
		"the length":           {Channel{Kind: Webhook, Name: "x"}, Secrets{URL: url.URL, Headers: map[string]string{"Content-Length": "0"}}},
		"a content type":       {Channel{Kind: Webhook, Name: "x", Content: "a\r\nb"}, url},
		"a template":           {Channel{Kind: Webhook, Name: "x", Template: "{{"}, url},
		"a robot's template":   {Channel{Kind: WeCom, Name: "x", Template: "x"}, url},
		"an authority":         {Channel{Kind: WeCom, Name: "x", Authority: "x"}, url},
		"a proxy":              {Channel{Kind: WeCom, Name: "x", Proxy: "socks5://x:1"}, url},
		"a proxy's password":   {Channel{Kind: WeCom, Name: "x", Proxy: "http://a:b@x:1"}, url},
		"no port":              {mail(func(c *Channel) { c.Server = "mail" }), Secrets{}},
		"no sender":            {mail(func(c *Channel) { c.From = "" }), Secrets{}},
		"nobody":               {mail(func(c *Channel) { c.To = nil }), Secrets{}},
		"two lines":            {mail(func(c *Channel) { c.To = []string{"a@b.c\r\nBcc: x@y.z"} }), Secrets{}},
		"a password in clear":  {mail(func(c *Channel) { c.Security, c.User = "none", "u" }), Secrets{Password: "p"}},
		"some security":        {mail(func(c *Channel) { c.Security = "maybe" }), Secrets{}},
		"syslog by starttls":   {Channel{Kind: Syslog, Name: "x", Server: "h:1", Security: "starttls"}, Secrets{}},
		"syslog by some means": {Channel{Kind: Syslog, Name: "x", Server: "h:1", Framing: "none"}, Secrets{}},
	} {
		if _, err := s.n.Create(t.Context(), c.channel, c.secrets); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSealed: secrets do not open under another key, nor in the place of another channel's.
func TestSealed(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	a := s.channel(Channel{Kind: WeCom, Name: "a"}, Secrets{URL: "https://a.example/a"})
	b := s.channel(Channel{Kind: WeCom, Name: "b"}, Secrets{URL: "https://b.example/b"})
	_, err := s.db.ExecContext(t.Context(), `UPDATE channels SET sealed = (SELECT sealed FROM channels WHERE id = $1) WHERE id = $2`, a.ID, b.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.n.Get(t.Context(), b.ID); err == nil {
		t.Error("another channel's secrets open")
	}
	s.n = Open(Config{DB: s.db, Key: [32]byte{8}, Tell: func(string, string) {}})
	if _, err := s.n.Get(t.Context(), a.ID); err == nil {
		t.Error("under another key they open")
	}
}
