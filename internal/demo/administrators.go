// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"
)

// Administrator is one of the four who administer the installation. Their passwords and
// authenticators lie in files, so that one person can try to be all of them.
type Administrator struct {
	Name, Person, Duty string
	Approver           int // number of the key with which they sign policy, 0 for none
}

// Administrators are the four: three duties, and security twice, since policy wants two.
func Administrators() []Administrator {
	return []Administrator{
		{"wang", "王芳", "system", 0}, {"li", "李雷", "security", 1}, {"zhao", "赵敏", "security", 2}, {"chen", "陈晨", "audit", 0},
	}
}

// password is one for a trial, which the rules of passwords take.
func (a Administrator) password() string { return fmt.Sprintf("Ferry-landing-%d", 2026+a.Approver) }

// PasswordFile holds an administrator's password.
func (l Layout) PasswordFile(name string) string { return filepath.Join(l.people(), name+".password") }

// AuthenticatorFile holds the otpauth address of an administrator's authenticator.
func (l Layout) AuthenticatorFile(name string) string { return filepath.Join(l.people(), name+".otp") }

// ApproverKey is the file of an approver's key, counted from 1; its public half is beside
// it, with ".pub".
func (l Layout) ApproverKey(n int) string {
	return filepath.Join(l.keys(), fmt.Sprintf("approver-%d", n))
}

func (l Layout) people() string { return filepath.Join(l.Dir, "people") }

// Found has the four administrators take over their duties, as they would by their links:
// the first of each duty by the host's, and the second of security by a link that the
// first has and a code that system has. All are signed in then; their sessions' secrets
// are by name.
func (d *Demo) Found(ctx context.Context) (map[string]string, error) {
	if err := os.MkdirAll(d.Installation.people(), 0o700); err != nil {
		return nil, err
	}
	sessions := map[string]string{}
	for _, a := range Administrators() {
		i, err := d.invitation(ctx, a, sessions)
		if err == nil {
			sessions[a.Name], err = d.takeOver(ctx, a, i)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.Name, err)
		}
	}
	return sessions, nil
}

// SignOut ends sessions.
func (d *Demo) SignOut(ctx context.Context, sessions map[string]string) error {
	for name, secret := range sessions {
		if err := d.Ask(ctx, http.MethodDelete, "/api/session", secret, nil, nil); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// invitation is what a person takes a duty over with.
type invitation struct {
	Token string `json:"token"`
	Code  string `json:"code"`
	first bool
}

func (d *Demo) invitation(ctx context.Context, a Administrator, sessions map[string]string) (i invitation, err error) {
	if sessions["li"] == "" || a.Duty != "security" {
		i.first = true
		return i, d.Ask(ctx, http.MethodPost, "/api/links/first/"+a.Duty, "", nil, &i)
	}
	var made struct {
		Code string `json:"code"`
	}
	if err := d.Ask(ctx, http.MethodPost, "/api/accounts/"+a.Name, sessions["wang"], map[string]string{"person": a.Person}, &made); err != nil {
		return i, err
	}
	err = d.Ask(ctx, http.MethodPost, "/api/accounts/"+a.Name+"/grant/"+a.Duty, sessions["li"], nil, &i)
	i.Code = made.Code
	return i, err
}

// takeOver redeems an invitation, and signs in. It returns the session's secret.
func (d *Demo) takeOver(ctx context.Context, a Administrator, i invitation) (string, error) {
	redeem := map[string]string{"token": i.Token, "password": a.password()}
	if i.first {
		redeem["name"], redeem["person"] = a.Name, a.Person
	} else {
		redeem["code"] = i.Code
	}
	var enrolled struct{ URL, Secret string }
	if err := d.Ask(ctx, http.MethodPost, "/api/links/redeem", "", redeem, &enrolled); err != nil {
		return "", err
	}
	now, err := d.confirm(ctx, i.Token, enrolled.Secret)
	if err != nil {
		return "", err
	}
	if err := errors.Join(
		os.WriteFile(d.Installation.PasswordFile(a.Name), []byte(a.password()+"\n"), 0o600),
		os.WriteFile(d.Installation.AuthenticatorFile(a.Name), []byte(enrolled.URL+"\n"), 0o600),
	); err != nil {
		return "", err
	}
	return d.signIn(ctx, a, enrolled.Secret, now)
}

// confirm shows an authenticator's first code, that of the period before, so that the one
// of the time that is returned is still good for signing in: a code is good once. When the
// period ends on the way it is shown anew.
func (d *Demo) confirm(ctx context.Context, token, authenticator string) (at time.Time, err error) {
	for range 2 {
		at = time.Now()
		var before string
		if before, err = totp.GenerateCode(authenticator, at.Add(-30*time.Second)); err != nil {
			return at, err
		}
		err = d.Ask(ctx, http.MethodPost, "/api/links/confirm", "", map[string]string{"token": token, "totp": before}, nil)
		if refused, ok := errors.AsType[*centerError](err); !ok || refused.status != http.StatusUnauthorized {
			return at, err
		}
	}
	return at, err
}

func (d *Demo) signIn(ctx context.Context, a Administrator, authenticator string, now time.Time) (string, error) {
	code, err := totp.GenerateCode(authenticator, now)
	if err != nil {
		return "", err
	}
	var half, whole struct{ Secret string }
	if err := d.Ask(ctx, http.MethodPost, "/api/session", "", map[string]any{"name": a.Name, "password": a.password(), "bearer": true}, &half); err != nil {
		return "", err
	}
	if err := d.Ask(ctx, http.MethodPost, "/api/session/factor", half.Secret, map[string]string{"totp": code}, &whole); err != nil {
		return "", err
	}
	if a.Approver == 0 {
		return whole.Secret, nil
	}
	public, err := os.ReadFile(d.Installation.ApproverKey(a.Approver) + ".pub")
	if err != nil {
		return "", err
	}
	return whole.Secret, d.Ask(ctx, http.MethodPut, "/api/self/key", whole.Secret, map[string]string{"key": string(public)}, nil)
}

// Ask makes one call of the center's interface over its host's socket, with a session's
// secret or, as the host, without. in is sent as JSON, and what is answered read into out,
// as it is where that is bytes; both may be nil.
func (d *Demo) Ask(ctx context.Context, method, path, secret string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://center"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if r.Header.Set("Content-Type", "application/json"); secret != "" {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	return d.answered(r, out)
}

// answered makes a call of the center's interface over its socket.
func (d *Demo) answered(r *http.Request, out any) error {
	var dialer net.Dialer
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, "unix", d.Installation.Socket(Center))
	}}
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return &centerError{status: resp.StatusCode, text: strings.TrimSpace(string(data))}
	}
	if out == nil || len(data) == 0 {
		return nil
	}
	if raw, ok := out.(*[]byte); ok {
		*raw = data
		return nil
	}
	return json.Unmarshal(data, out)
}
