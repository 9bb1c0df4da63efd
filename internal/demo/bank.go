// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"
)

// User is one of the example's people who sign in.
type User struct {
	Name, Password, Person string
	Level                  int // of the report
}

// Zhang is somebody whose report may go out. See examples/bank/README.md.
func Zhang() User {
	return User{Name: "zhangwei", Password: "ferry-zhangwei-2026", Person: "person-000001", Level: 3}
}

// Gao is somebody whose report is sealed.
func Gao() User {
	return User{Name: "gaojian", Password: "ferry-gaojian-2026", Person: "person-000007", Level: 5}
}

// Bank asks the bureau as the portal does: through the internet front.
type Bank struct {
	url    string
	client *http.Client
}

// Bank is a client of the internet front. Close gives its connections back.
func (d *Demo) Bank() *Bank {
	return &Bank{url: d.FrontURL(), client: &http.Client{Transport: &http.Transport{}, Timeout: 15 * time.Second}}
}

// Close ends idle connections.
func (b *Bank) Close() { b.client.CloseIdleConnections() }

// Refusal is an answer with another status than 200.
type Refusal struct {
	Status int
	Code   string `json:"error"`
	ID     string `json:"id"` // empty for an application's own answer
	Text   string `json:"message"`
}

// Error names status and code.
func (r *Refusal) Error() string {
	return fmt.Sprintf("status %d, %s, id %s: %s", r.Status, r.Code, r.ID, r.Text)
}

// Report is what the tour looks at in a credit report.
type Report struct {
	ID     string `json:"report_id"`
	Level  int    `json:"level"`
	Score  int    `json:"score"`
	Person struct {
		ID       string `json:"id"`
		Name     string `json:"name"`
		IDNumber string `json:"id_number"`
	} `json:"person"`
	Accounts []json.RawMessage `json:"accounts"`
}

func (b *Bank) ask(ctx context.Context, method, path, token string, body []byte, answer any) error {
	r, err := http.NewRequestWithContext(ctx, method, b.url+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("X-API-Key", APIKey)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := b.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusOK {
		return json.Unmarshal(data, answer)
	}
	refusal := &Refusal{}
	if err := json.Unmarshal(data, refusal); err != nil {
		refusal.Text = strings.TrimSpace(string(data))
	}
	refusal.Status = resp.StatusCode
	return refusal
}

// SignIn gives the token of a person. An answer but 200 is a *Refusal.
func (b *Bank) SignIn(ctx context.Context, u User) (token string, err error) {
	body, err := json.Marshal(map[string]string{"user": u.Name, "password": u.Password})
	if err != nil {
		return "", err
	}
	var answer struct {
		Token string `json:"token"`
	}
	err = b.ask(ctx, http.MethodPost, "/login", "", body, &answer)
	return answer.Token, err
}

// Browse signs in at the portal, as a browser does, and gives the page that the person
// then sees.
func (d *Demo) Browse(ctx context.Context, u User) (page string, err error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	form := url.Values{"user": {u.Name}, "password": {u.Password}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.PortalURL()+"/sign-in", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := (&http.Client{Jar: jar, Transport: transport}).Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err == nil && resp.StatusCode != http.StatusOK {
		err = &Refusal{Status: resp.StatusCode, Text: "at the portal"}
	}
	return string(data), err
}

// Report asks for the report about a person. An answer but 200 is a *Refusal.
func (b *Bank) Report(ctx context.Context, token, person string) (Report, error) {
	var r Report
	err := b.ask(ctx, http.MethodGet, "/reports/"+person+"?purpose=self-inquiry", token, nil, &r)
	return r, err
}
