// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"time"
	"unicode/utf8"
)

const (
	upstreamTimeout = 30 * time.Second
	maxAnswer       = 64 << 10 // bytes
	maxRows         = 100      // accounts or inquiries that are shown
	maxMessage      = 300      // bytes
)

// UpstreamConfig says where the bureau's API is answered.
type UpstreamConfig struct {
	Base      *url.URL
	Transport http.RoundTripper
	Host      string // Host header; that of Base if empty
	APIKey    string // sent as X-API-Key unless empty
}

// Upstream asks the bureau's API. It sends nothing again but what net/http does by
// itself: a GET whose kept connection turned out to be closed.
type Upstream struct {
	base   *url.URL
	client *http.Client
	host   string
	apiKey string
	code   *regexp.Regexp
	id     *regexp.Regexp
}

// NewUpstream makes an upstream of a configuration.
func NewUpstream(c UpstreamConfig) *Upstream {
	return &Upstream{
		base: c.Base,
		client: &http.Client{
			Transport:     c.Transport,
			Timeout:       upstreamTimeout,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		host:   c.Host,
		apiKey: c.APIKey,
		code:   regexp.MustCompile(`^[a-z0-9._-]{1,64}$`),
		id:     regexp.MustCompile(`^[0-9A-Za-z-]{1,64}$`),
	}
}

// Refusal is any answer that is not the one asked for.
type Refusal struct {
	Status   int    // HTTP status; 502 and 504 also when no answer came
	Code     string // the stable code, if there is one
	ID       string // what to name when asking somebody about it, if there is one
	Message  string
	SignedIn bool
	cause    error
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("upstream answered %d %s %s: %v", r.Status, r.Code, r.ID, r.cause)
}

// wrongCredentials tells a wrong password from a 401 that is about the portal itself,
// such as a wrong API key. What stands between may have dropped the code.
func (r *Refusal) wrongCredentials() bool {
	return r.Status == http.StatusUnauthorized && (r.Code == "" || r.Code == "invalid-credentials")
}

// asRefusal returns what to show for err, nil for no error.
func asRefusal(err error) *Refusal {
	if err == nil {
		return nil
	}
	if r := new(Refusal); errors.As(err, &r) {
		return r
	}
	return &Refusal{Status: http.StatusBadGateway, cause: err}
}

type loginAnswer struct {
	Token   string `json:"token"`
	Expires int64  `json:"expires"`
	Person  struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"person"`
}

// Report is what the portal shows of a report. Amounts are in fen.
type Report struct {
	ReportID string `json:"report_id"`
	Person   struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		IDNumber string `json:"id_number"`
		Phone    string `json:"phone"`
	} `json:"person"`
	Level     int       `json:"level"`
	Score     int       `json:"score"`
	Accounts  []Account `json:"accounts"`
	Inquiries []Inquiry `json:"inquiries"`
	Generated string    `json:"generated"`
}

// Account is one credit account of a report.
type Account struct {
	ID       string `json:"account_id"`
	Bank     string `json:"bank"`
	Kind     string `json:"kind"`
	Limit    int64  `json:"limit"`
	Balance  int64  `json:"balance"`
	Opened   string `json:"opened"`
	Payments string `json:"payments"`
}

// Inquiry is one earlier look at a report.
type Inquiry struct {
	Date    string `json:"date"`
	By      string `json:"by"`
	Purpose string `json:"purpose"`
}

func (u *Upstream) login(ctx context.Context, user, password string) (identity, error) {
	body, err := json.Marshal(map[string]string{"user": user, "password": password})
	if err != nil {
		return identity{}, fmt.Errorf("write the sign-in request: %w", err)
	}
	req, err := u.request(ctx, http.MethodPost, u.base.JoinPath("login"), bytes.NewReader(body))
	if err != nil {
		return identity{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	var a loginAnswer
	if err := u.do(req, &a); err != nil {
		return identity{}, err
	}
	if a.Token == "" || a.Person.ID == "" {
		return identity{}, errors.New("sign in: the answer names no token or no person")
	}
	return identity{a.Person.ID, a.Person.Name, a.Token, time.Unix(a.Expires, 0)}, nil
}

func (u *Upstream) report(ctx context.Context, who identity) (*Report, error) {
	at := u.base.JoinPath("reports", url.PathEscape(who.Person))
	at.RawQuery = "purpose=self-inquiry"
	req, err := u.request(ctx, http.MethodGet, at, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+who.Token)
	r := new(Report)
	if err := u.do(req, r); err != nil {
		return nil, err
	}
	if len(r.Accounts) > maxRows || len(r.Inquiries) > maxRows {
		return nil, errors.New("read the report: too many rows")
	}
	return r, nil
}

func (u *Upstream) request(ctx context.Context, method string, at *url.URL, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, at.String(), body)
	if err != nil {
		return nil, fmt.Errorf("make a request: %w", err)
	}
	req.Host = u.host
	req.Header.Set("Accept", "application/json")
	if u.apiKey != "" {
		req.Header.Set("X-API-Key", u.apiKey)
	}
	return req, nil
}

// do sends a request and reads a 200 into v; everything else is a [Refusal].
func (u *Upstream) do(req *http.Request, v any) error {
	resp, err := u.client.Do(req)
	if err != nil {
		return &Refusal{Status: statusOf(err), cause: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	switch {
	case err != nil:
		return &Refusal{Status: statusOf(err), cause: err}
	case len(text) > maxAnswer:
		return fmt.Errorf("read the answer: more than %d bytes", maxAnswer)
	case resp.StatusCode != http.StatusOK:
		return u.refusal(resp.StatusCode, text)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	return nil
}

// refusal reads {"error","id","message"} as far as they have the right form.
func (u *Upstream) refusal(status int, text []byte) *Refusal {
	var body struct {
		Error   string `json:"error"`
		ID      string `json:"id"`
		Message string `json:"message"`
	}
	r := &Refusal{Status: status}
	if r.cause = json.Unmarshal(text, &body); r.cause != nil {
		return r
	}
	if u.code.MatchString(body.Error) {
		r.Code = body.Error
	}
	if u.id.MatchString(body.ID) {
		r.ID = body.ID
	}
	if len(body.Message) <= maxMessage && utf8.ValidString(body.Message) {
		r.Message = body.Message
	}
	return r
}

func statusOf(err error) int {
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}
