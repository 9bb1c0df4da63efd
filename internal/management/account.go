// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"dukou.dev/dukou/internal/account"
)

// accountRoutes are about who administers this installation.
func (s *Server) accountRoutes() []Route {
	return slices.Concat(s.accountsRoutes(), s.linkRoutes(), s.recoveryRoutes(), s.accountRulesRoutes(), s.signInRoutes(), s.selfRoutes())
}

// answer is an answer that is a body and nothing else.
type answer[T any] struct{ Body T }

// AccountPath is the part of a path that names an account.
type AccountPath struct {
	Account string `path:"account" maxLength:"64" doc:"name or id of an account" example:"zhang"`
}

type listAccountsInput struct {
	Duty  account.Duty  `query:"duty" enum:"system,security,audit" doc:"only those of a duty"`
	State account.State `query:"state" enum:"invited,active,disabled" doc:"only those in a state"`
	After string        `query:"after" maxLength:"200" doc:"go on after an earlier answer: its next"`
	Limit int           `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

// accountPage is a part of the list of accounts.
type accountPage struct {
	Items []account.Account `json:"items"`
	Next  string            `json:"next,omitempty" doc:"after, for the rest"`
}

type accountOutput struct {
	ETag string `header:"ETag"`
	Body account.Account
}

type createAccountInput struct {
	Name string `path:"name" maxLength:"32" doc:"for signing in: a-z, 0-9, dot, dash, underscore" example:"zhang"`
	Body struct {
		Person string `json:"person" minLength:"1" maxLength:"64" doc:"whose it is" example:"张伟"`
	}
}

// invited is an account that nobody has taken over, with the code that its person needs.
type invited struct {
	Account account.Account `json:"account"`
	Code    string          `json:"code" doc:"tell it to the person and to nobody else: with it and the link that security gets they take the account over. It is told once"`
}

type renameAccountInput struct {
	AccountPath
	IfMatch string `header:"If-Match" doc:"the ETag of the account as you have read it"`
	Body    struct {
		Name   string `json:"name" maxLength:"32" doc:"the new name for signing in"`
		Person string `json:"person" maxLength:"64" doc:"whose it is"`
	}
}

type grantInput struct {
	AccountPath
	Duty account.Duty `path:"duty" enum:"system,security,audit" doc:"the one duty that the account has from now on"`
}

// accountsRoutes are the list of accounts and what is done to one.
func (s *Server) accountsRoutes() []Route {
	const group = "accounts"
	one := func(a account.Account, err error) (*accountOutput, error) {
		return &accountOutput{ETag: etag(a.Revision), Body: a}, err
	}
	return []Route{
		route(Route{ID: "list-accounts", Method: http.MethodGet, Path: "/accounts", Verb: "account list", Group: group, May: everyDuty(),
			Summary: "List the administrators' accounts"}, s.listAccounts),
		route(Route{ID: "show-account", Method: http.MethodGet, Path: "/accounts/{account}", Verb: "account show", Group: group, May: everyDuty(),
			Summary: "Show one account"},
			func(ctx context.Context, in *AccountPath) (*accountOutput, error) {
				return one(s.Accounts.Get(ctx, in.Account))
			}),
		route(Route{ID: "create-account", Method: http.MethodPost, Path: "/accounts/{name}", Verb: "account create", Group: group, May: only(account.System), Fresh: true,
			Summary: "Create an account, which has no rights yet",
			Help:    "The answer has a code for its person. A security administrator then grants the account its duty and gets a link for the person, who needs both."},
			s.createAccount),
		route(Route{ID: "renew-account-code", Method: http.MethodPost, Path: "/accounts/{account}/code", Verb: "account code", Group: group, May: only(account.System), Fresh: true,
			Summary: "Make a new code for an account that nobody has taken over"},
			func(ctx context.Context, in *AccountPath) (*answer[invited], error) {
				made, code, err := s.Accounts.NewCode(ctx, callerOf(ctx), in.Account)
				return &answer[invited]{invited{made, code}}, err
			}),
		route(Route{ID: "rename-account", Method: http.MethodPatch, Path: "/accounts/{account}", Verb: "account rename", Group: group, May: only(account.System),
			Summary: "Change the name of an account, or of its person"}, s.renameAccount),
		route(Route{ID: "disable-account", Method: http.MethodPost, Path: "/accounts/{account}/disable", Verb: "account disable", Group: group, May: only(account.System), Fresh: true,
			Summary: "End an account for good", Help: "Its sessions and tokens end at once. It stays in the list, so that records can be read."},
			func(ctx context.Context, in *AccountPath) (*accountOutput, error) {
				return one(s.Accounts.Disable(ctx, callerOf(ctx), in.Account))
			}),
		route(Route{ID: "grant-duty", Method: http.MethodPost, Path: "/accounts/{account}/grant/{duty}", Verb: "account grant", Group: group, May: only(account.Security), Fresh: true,
			Summary: "Give an account its duty", Help: "The answer has a link for its person, good once and for a day. The duty does not change once the account was taken over."},
			func(ctx context.Context, in *grantInput) (*answer[account.Link], error) {
				l, err := s.Accounts.Grant(ctx, callerOf(ctx), in.Account, in.Duty)
				remark(ctx, "duty "+string(in.Duty)+" for "+l.Account)
				return &answer[account.Link]{l}, err
			}),
		route(Route{ID: "unlock-account", Method: http.MethodPost, Path: "/accounts/{account}/unlock", Verb: "account unlock", Group: group, May: orHost(only(account.Security)),
			Summary: "Let an account be signed in to before its lock ends"},
			func(ctx context.Context, in *AccountPath) (*accountOutput, error) {
				return one(s.Accounts.Unlock(ctx, in.Account))
			}),
	}
}

func (s *Server) listAccounts(ctx context.Context, in *listAccountsInput) (*answer[accountPage], error) {
	list, next, err := s.Accounts.List(ctx, account.Filter{Duty: in.Duty, State: in.State, After: in.After, Limit: in.Limit})
	if err != nil {
		return nil, err
	}
	return &answer[accountPage]{accountPage{list, next}}, nil
}

func (s *Server) createAccount(ctx context.Context, in *createAccountInput) (*answer[invited], error) {
	remark(ctx, "for "+in.Body.Person)
	made, code, err := s.Accounts.Create(ctx, callerOf(ctx), in.Name, in.Body.Person)
	return &answer[invited]{invited{made, code}}, err
}

func (s *Server) renameAccount(ctx context.Context, in *renameAccountInput) (*accountOutput, error) {
	revision, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	before, err := s.Accounts.Get(ctx, in.Account)
	if err != nil {
		return nil, err
	}
	remark(ctx, strings.Join([]string{"name", before.Name, "->", in.Body.Name, "; person", before.Person, "->", in.Body.Person}, " "))
	after, err := s.Accounts.Rename(ctx, in.Account, in.Body.Name, in.Body.Person, revision)
	return &accountOutput{ETag: etag(after.Revision), Body: after}, err
}
