// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"dukou.dev/dukou/internal/store/storetest"
)

// received is a request that a receiver took.
type received struct {
	request *http.Request
	body    []byte
}

// receiver is a server of HTTPS that answers as it is told, and the certificate that
// vouches for it.
func receiver(t *testing.T, answer func(w http.ResponseWriter, r *http.Request)) (url, authority string, took <-chan received) {
	t.Helper()
	c := make(chan received, 100)
	pair, authority := certificate(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c <- received{r, body}
		answer(w, r)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, authority, c
}

func says(text string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) } // the client looks at it
}

// TestRobots sends a message to a receiver in the place of each vendor.
func TestRobots(t *testing.T) {
	for _, c := range []struct {
		kind   Kind
		path   string
		secret string
		yes    string
		no     string
	}{
		{WeCom, "/cgi-bin/webhook/send?key=693axxx6-7aoc", "", `{"errcode":0,"errmsg":"ok"}`, `{"errcode":93000,"errmsg":"invalid webhook url"}`},
		{DingTalk, "/robot/send?access_token=1234567890", "SECabc", `{"errcode":0,"errmsg":"ok"}`, `{"errcode":310000,"errmsg":"sign not match"}`},
		{Feishu, "/open-apis/bot/v2/hook/abcd-efgh", "feishusecret", `{"code":0,"msg":"success"}`, `{"code":19021,"msg":"sign match fail"}`},
	} {
		t.Run(string(c.kind), func(t *testing.T) {
			s := newStage(t, storetest.SQLite(t))
			answer := c.no
			url, authority, took := receiver(t, func(w http.ResponseWriter, r *http.Request) { says(answer)(w, r) })
			made := s.channel(Channel{Kind: c.kind, Authority: authority}, Secrets{URL: url + c.path, Secret: c.secret})
			trace, err := s.n.Test(t.Context(), made.ID)
			if err != nil || trace.OK || !strings.Contains(trace.Error, "refused with code") {
				t.Fatalf("a no: %+v, %v", trace, err)
			}
			answer = c.yes
			trace, err = s.n.Test(t.Context(), made.ID)
			if err != nil || !trace.OK || !strings.Contains(trace.Answer, c.yes) {
				t.Fatalf("a yes: %+v, %v", trace, err)
			}
			for _, secret := range []string{"693axxx6", "1234567890", "SECabc", "abcd-efgh", "feishusecret"} {
				if strings.Contains(trace.Sent, secret) {
					t.Errorf("shown: %s", trace.Sent)
				}
			}
			<-took
			r := <-took
			if !json.Valid(r.body) || r.request.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(r.request.URL.RequestURI(), c.path) {
				t.Errorf("%s %s: %s", r.request.Method, r.request.URL.RequestURI(), r.body)
			}
			if c.kind == DingTalk && r.request.URL.Query().Get("sign") == "" {
				t.Error("not signed")
			}
			if c.kind == Feishu && !bytes.Contains(r.body, []byte(`"sign":"`)) {
				t.Error("not signed")
			}
		})
	}
}

// TestWebhookBytes: what a test shows is what was sent, byte for byte but for the secrets.
func TestWebhookBytes(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	l := listen(t)
	sent := make(chan string, 1)
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		var raw bytes.Buffer
		r, err := http.ReadRequest(bufio.NewReader(io.TeeReader(nc, &raw)))
		if err == nil {
			_, err = io.Copy(io.Discard, r.Body)
		}
		if err != nil {
			t.Error(err)
		}
		fmt.Fprint(nc, "HTTP/1.1 204 No Content\r\n\r\n")
		sent <- raw.String()
	}()
	made := s.channel(Channel{Kind: Webhook, Template: `{"text":{{json (index .Items 0).Sentence}},"key":"K-77"}`, Language: "en"},
		Secrets{URL: "http://" + l.Addr().String() + "/services/T0/B1?k=v", Headers: map[string]string{"Authorization": "Bearer tok-123", "X-Own": "own-value"}})
	trace, err := s.n.Test(t.Context(), made.ID)
	if err != nil || !trace.OK {
		t.Fatalf("%+v, %v", trace, err)
	}
	var raw string
	select {
	case raw = <-sent:
	case <-within(t).Done():
		t.Fatal("nothing arrived")
	}
	raw = strings.NewReplacer("/services/T0/B1?k=v", "/"+hidden, "Bearer tok-123", hidden, "own-value", hidden).Replace(raw)
	if raw != trace.Sent {
		t.Errorf("sent:\n%s\nshown:\n%s", raw, trace.Sent)
	}
}

// TestGuarded: no redirection is followed, no error and no list tells a secret, and a
// proxy gets what is for it.
func TestGuarded(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	elsewhere := make(chan string, 10)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere <- r.URL.String()
		_, _ = io.WriteString(w, `{"errcode":0}`) // the client looks at it
	}))
	defer other.Close()
	url, authority, _ := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/stolen", http.StatusTemporaryRedirect)
	})
	made := s.channel(Channel{Kind: WeCom, Authority: authority}, Secrets{URL: url + "/send?key=topsecret"})
	trace, err := s.n.Test(t.Context(), made.ID)
	if err != nil || trace.OK || len(elsewhere) != 0 {
		t.Errorf("redirected: %+v, %v", trace, err)
	}
	unknown := s.channel(Channel{Kind: WeCom, Name: "unknown authority"}, Secrets{URL: url + "/send?key=topsecret"})
	if trace, err = s.n.Test(t.Context(), unknown.ID); err != nil || trace.OK || !strings.Contains(trace.Error, "certificate") || strings.Contains(trace.Error+trace.Answer+trace.Sent, "topsecret") {
		t.Errorf("by an unknown authority: %+v, %v", trace, err)
	}
	closed := listen(t)
	closed.Close()
	away := s.channel(Channel{Kind: Webhook, Name: "away"}, Secrets{URL: "http://" + closed.Addr().String() + "/topsecret"})
	if trace, err = s.n.Test(t.Context(), away.ID); err != nil || trace.OK || strings.Contains(trace.Error+trace.Sent, "topsecret") {
		t.Errorf("away: %+v, %v", trace, err)
	}
	proxied := s.channel(Channel{Kind: WeCom, Name: "by proxy", Proxy: other.URL}, Secrets{URL: "http://qyapi.example/cgi-bin/webhook/send?key=k"})
	if trace, err = s.n.Test(t.Context(), proxied.ID); err != nil || !trace.OK {
		t.Fatalf("by proxy: %+v, %v", trace, err)
	}
	if got := <-elsewhere; got != "http://qyapi.example/cgi-bin/webhook/send?key=k" {
		t.Errorf("the proxy got %s", got)
	}
	list, err := s.n.List(t.Context())
	if text := encode(list) + fmt.Sprintf("%v %+v", list, Secrets{URL: "topsecret"}); err != nil || strings.Contains(text, "topsecret") {
		t.Errorf("listed: %s, %v", text, err)
	}
	var sealed []byte
	if err := s.db.QueryRowContext(t.Context(), `SELECT sealed FROM channels WHERE id = $1`, made.ID).Scan(&sealed); err != nil || bytes.Contains(sealed, []byte("topsecret")) {
		t.Errorf("in the database: %q, %v", sealed, err)
	}
}

// post office: a server of mail that wants a password.
type office struct {
	letters chan string
}

type session struct {
	office *office
	who    string
	to     []string
}

func (s *session) Reset()                               { s.to = nil }
func (s *session) Logout() error                        { return nil }
func (s *session) Mail(string, *smtp.MailOptions) error { return s.known() }
func (s *session) AuthMechanisms() []string             { return []string{sasl.Plain} }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return s.known()
}

func (s *session) known() error {
	if s.who != "dukou" {
		return smtp.ErrAuthRequired
	}
	return nil
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, name, password string) error {
		if password != "pass-word" {
			return smtp.ErrAuthFailed
		}
		s.who = name
		return nil
	}), nil
}

func (s *session) Data(r io.Reader) error {
	letter, err := io.ReadAll(r)
	if err == nil {
		s.office.letters <- strings.Join(s.to, ",") + "\n" + string(letter)
	}
	return err
}

// TestMailTrip sends a mail by STARTTLS and by TLS to a server that wants a password.
func TestMailTrip(t *testing.T) {
	for _, security := range []string{"starttls", "tls"} {
		t.Run(security, func(t *testing.T) {
			o := &office{letters: make(chan string, 10)}
			pair, authority := certificate(t)
			server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{office: o}, nil }))
			config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
			l := listen(t)
			address := l.Addr().String()
			if security == "tls" {
				l = tls.NewListener(l, config)
			} else {
				server.TLSConfig = config
			}
			served := make(chan error, 1)
			go func() { served <- server.Serve(l) }()
			t.Cleanup(func() {
				if err := server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
				<-served
			})
			s := newStage(t, storetest.SQLite(t))
			c := Channel{Kind: Mail, Server: address, Security: security, User: "dukou", From: "dukou@bank.internal", To: []string{"duty@bank.internal", "boss@bank.internal"}, Authority: authority}
			bad := s.channel(Channel{Kind: Mail, Name: "bad", Server: address, Security: security, User: "dukou", From: c.From, To: c.To, Authority: authority}, Secrets{Password: "another"})
			if trace, err := s.n.Test(t.Context(), bad.ID); err != nil || trace.OK || strings.Contains(trace.Error, "another") {
				t.Errorf("with another password: %+v, %v", trace, err)
			}
			made := s.channel(c, Secrets{Password: "pass-word"})
			trace, err := s.n.Test(t.Context(), made.ID)
			if err != nil || !trace.OK || strings.Contains(trace.Sent, "pass-word") {
				t.Fatalf("%+v, %v", trace, err)
			}
			to, letter, _ := strings.Cut(<-o.letters, "\n")
			if to != "duty@bank.internal,boss@bank.internal" || strings.TrimRight(letter, "\r\n") != strings.TrimRight(trace.Sent, "\r\n") {
				t.Errorf("to %s\narrived:\n%s\nshown:\n%s", to, letter, trace.Sent)
			}
			if _, err := mail.ReadMessage(strings.NewReader(letter)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSyslogTrip sends messages over TLS to a listener that takes them apart.
func TestSyslogTrip(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	pair, authority := certificate(t)
	l := listen(t)
	arrived := make(chan []byte, 1)
	go func() {
		nc, err := tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}).Accept()
		if err != nil {
			return
		}
		all, err := io.ReadAll(nc)
		if err != nil {
			t.Error(err)
		}
		_ = nc.Close() // all has been read
		arrived <- all
	}()
	made := s.channel(Channel{Kind: Syslog, Server: l.Addr().String(), Authority: authority}, Secrets{})
	s.enqueue(lost(one), found(one))
	s.round()
	var all []byte
	select {
	case all = <-arrived:
	case <-within(t).Done():
		t.Fatal("nothing arrived")
	}
	var size int
	rest := all
	for i := range 2 {
		head, tail, _ := bytes.Cut(rest, []byte(" "))
		if _, err := fmt.Sscan(string(head), &size); err != nil || size > len(tail) {
			t.Fatalf("message %d: %q: %v", i, rest, err)
		}
		if _, err := rfc5424.NewParser().Parse(tail[:size]); err != nil {
			t.Errorf("%q: %v", tail[:size], err)
		}
		rest = tail[size:]
	}
	if st := s.standing(made.ID); len(rest) != 0 || st.Waiting != 0 || st.Last.IsZero() {
		t.Errorf("left %q; %+v", rest, st)
	}
}

// TestSyslogStranger: a server that another authority vouches for hears nothing.
func TestSyslogStranger(t *testing.T) {
	s := newStage(t, storetest.SQLite(t))
	pair, _ := certificate(t)
	_, another := certificate(t)
	l := listen(t)
	heard := make(chan int, 1)
	go func() {
		nc, err := tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}).Accept()
		if err != nil {
			return
		}
		all, _ := io.ReadAll(nc) // it is broken off
		_ = nc.Close()
		heard <- len(all)
	}()
	made := s.channel(Channel{Kind: Syslog, Server: l.Addr().String(), Authority: another}, Secrets{})
	if trace, err := s.n.Test(t.Context(), made.ID); err != nil || trace.OK {
		t.Errorf("%+v, %v", trace, err)
	}
	if n := <-heard; n != 0 {
		t.Errorf("a stranger heard %d bytes", n)
	}
}
