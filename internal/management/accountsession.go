// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/problem"
)

type signInInput struct {
	Body struct {
		Name     string `json:"name" maxLength:"64"`
		Password string `json:"password" maxLength:"256" format:"password"`
		Bearer   bool   `json:"bearer,omitempty" doc:"the answer has the secret of the session, for a command line; else it is a cookie"`
	}
}

type factorInput struct {
	Body struct {
		TOTP    string          `json:"totp,omitempty" maxLength:"6" format:"password" doc:"the six digits of an authenticator"`
		Passkey json.RawMessage `json:"passkey,omitempty" doc:"or what navigator.credentials.get gave, as JSON"`
	}
}

// sessionBody is who somebody is, and until when.
type sessionBody struct {
	Session    account.Session  `json:"session"`
	Account    *account.Account `json:"account,omitempty" doc:"once all is shown that is wanted"`
	Factors    []string         `json:"factors,omitempty" doc:"the second factors that can be shown: totp, passkey"`
	FreshUntil time.Time        `json:"freshUntil,omitzero" doc:"until then no second factor is asked for"`
	Token      bool             `json:"token,omitempty" doc:"this is an API token, and no session"`
	Secret     string           `json:"secret,omitempty" format:"password" doc:"of a command line's session: for the header Authorization: Bearer. It changes with each step"`
}

type sessionOutput struct {
	SetCookie string `header:"Set-Cookie"`
	Body      sessionBody
}

// opened is the answer that brings a session's new secret: in a cookie that no script
// reads, or in the body for a command line, never in both.
func opened(o account.Opened, err error) (*sessionOutput, error) {
	if err != nil {
		return nil, err
	}
	out := &sessionOutput{Body: sessionBody{Session: o.Session, Factors: o.Factors}}
	if !o.Session.Fresh.IsZero() {
		out.Body.FreshUntil = o.Session.Fresh.Add(freshFor)
	}
	if o.Session.Bearer {
		out.Body.Secret = o.Secret
	} else {
		out.SetCookie = cookieOf(o.Secret, 0)
	}
	return out, nil
}

// cookieOf is a session's cookie; age -1 removes it.
func cookieOf(secret string, age int) string {
	c := http.Cookie{Name: cookieName, Value: secret, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode, MaxAge: age}
	return c.String()
}

// passkeyOptions are what the browser's navigator.credentials is called with.
type passkeyOptions struct {
	Options json.RawMessage `json:"options" doc:"for navigator.credentials, as JSON"`
}

type listSessionsInput struct {
	All bool `query:"all" doc:"everybody's: for security and audit"`
}

// sessionList are sessions under way.
type sessionList struct {
	Items   []account.Session `json:"items"`
	Current string            `json:"current,omitempty" doc:"id of the one that asks"`
}

type sessionPath struct {
	Session string `path:"session" maxLength:"64" doc:"id of a session"`
}

// signInRoutes are how sessions begin, are asked about, and end.
func (s *Server) signInRoutes() []Route {
	const group = "session"
	return []Route{
		route(Route{ID: "sign-in", Method: http.MethodPost, Path: "/session", Group: group, May: anyone(), Body: 16 << 10,
			Summary: "Sign in with name and password; the second factor comes next"}, s.signIn),
		route(Route{ID: "show-factor", Method: http.MethodPost, Path: "/session/factor", Group: group, May: anyone(), Body: 128 << 10,
			Summary: "Show the second factor, which completes signing in"},
			func(ctx context.Context, in *factorInput) (*sessionOutput, error) {
				return s.entered(ctx)(s.Accounts.Factor(ctx, callOf(ctx).Secret, account.Proof{TOTP: in.Body.TOTP, Passkey: in.Body.Passkey}, addressIn(ctx)))
			}),
		route(Route{ID: "challenge-passkey", Method: http.MethodPost, Path: "/session/passkey", Group: group, May: anyone(),
			Summary: "Begin to show a passkey", Help: "Of a session that wants the second factor, or wants it again. The answer of the browser goes to the call that wants the factor."},
			func(ctx context.Context, _ *struct{}) (*answer[passkeyOptions], error) {
				options, err := s.Accounts.PasskeyChallenge(ctx, callOf(ctx).Secret, callOf(ctx).Origin)
				return &answer[passkeyOptions]{passkeyOptions{options}}, err
			}),
		route(Route{ID: "refresh-session", Method: http.MethodPost, Path: "/session/fresh", Group: group, May: everyDuty(), Body: 128 << 10,
			Summary: "Show the second factor again, for an act that wants it just shown"},
			func(ctx context.Context, in *factorInput) (*sessionOutput, error) {
				if callerOf(ctx).Token {
					return nil, problem.New(problem.FactorWanted, "a token cannot show a second factor: sign in")
				}
				return opened(s.Accounts.Refresh(ctx, callOf(ctx).Secret, account.Proof{TOTP: in.Body.TOTP, Passkey: in.Body.Passkey}, addressIn(ctx)))
			}),
		route(Route{ID: "get-session", Method: http.MethodGet, Path: "/session", Verb: "session show", Group: group, May: everyDuty(), Quiet: true,
			Summary: "Show who you are, and until when"}, s.getSession),
		route(Route{ID: "sign-out", Method: http.MethodDelete, Path: "/session", Group: group, May: everyDuty(),
			Summary: "End this session"}, s.signOut),
		route(Route{ID: "list-sessions", Method: http.MethodGet, Path: "/sessions", Verb: "session list", Group: group, May: everyDuty(),
			Summary: "List the sessions under way: your own, or everybody's"}, s.listSessions),
		route(Route{ID: "end-session", Method: http.MethodDelete, Path: "/sessions/{session}", Verb: "session end", Group: group, May: everyDuty(),
			Summary: "End a session: one of your own, or anybody's by security"},
			func(ctx context.Context, in *sessionPath) (*struct{}, error) {
				return nil, s.Accounts.EndSession(ctx, callerOf(ctx), in.Session)
			}),
	}
}

func addressIn(ctx context.Context) string { return callerOf(ctx).Address }

func (s *Server) signIn(ctx context.Context, in *signInInput) (*sessionOutput, error) {
	if account.ValidName(in.Body.Name) == nil { // a password in the wrong box is not recorded
		remark(ctx, "name "+in.Body.Name)
	}
	return s.entered(ctx)(s.Accounts.SignIn(ctx, account.SignIn{
		Name: in.Body.Name, Password: in.Body.Password, Bearer: in.Body.Bearer, Address: addressIn(ctx), Agent: callOf(ctx).Agent,
	}))
}

// entered has the record of a call name whom it was found to be from.
func (s *Server) entered(ctx context.Context) func(account.Opened, error) (*sessionOutput, error) {
	return func(o account.Opened, err error) (*sessionOutput, error) {
		if err == nil {
			c := callOf(ctx)
			c.Caller.Name, c.Caller.Session, c.Caller.Host = o.Session.Account, o.Session.ID, false
		}
		return opened(o, err)
	}
}

func (s *Server) getSession(ctx context.Context, _ *struct{}) (*answer[sessionBody], error) {
	who := callerOf(ctx)
	a, session, err := s.Accounts.Who(ctx, who)
	if err != nil {
		return nil, err
	}
	body := sessionBody{Session: session, Account: &a, Token: who.Token}
	if !who.Fresh.IsZero() {
		body.FreshUntil = who.Fresh.Add(freshFor)
	}
	return &answer[sessionBody]{body}, nil
}

type cookieOutput struct {
	SetCookie string `header:"Set-Cookie"`
}

func (s *Server) signOut(ctx context.Context, _ *struct{}) (*cookieOutput, error) {
	who := callerOf(ctx)
	if who.Token {
		return nil, problem.New(problem.Conflict, "a token has no session: revoke it instead")
	}
	return &cookieOutput{cookieOf("", -1)}, s.Accounts.EndSession(ctx, who, who.Session)
}

func (s *Server) listSessions(ctx context.Context, in *listSessionsInput) (*answer[sessionList], error) {
	who := callerOf(ctx)
	of := who.Account
	if in.All {
		if who.Duty == account.System {
			return nil, problem.New(problem.DutyWrong, "everybody's sessions are for security and audit")
		}
		of = ""
	}
	list, err := s.Accounts.Sessions(ctx, of)
	return &answer[sessionList]{sessionList{list, who.Session}}, err
}
