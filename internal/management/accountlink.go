// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"net/http"

	"dukou.dev/dukou/internal/account"
)

// setup is whether this installation has its administrators.
type setup struct {
	Initialised bool           `json:"initialised" doc:"each duty has been taken over; if not, whoever holds the host's console has links"`
	Missing     []account.Duty `json:"missing" doc:"the duties that nobody has taken over"`
	Domain      string         `json:"domain,omitempty" doc:"that passkeys are made for (the RP ID); none: no passkeys"`
	Origins     []string       `json:"origins,omitempty" doc:"where passkeys work"`
	Password    passwordRules  `json:"password" doc:"what is asked of a password; somebody who chooses the first one is not signed in"`
}

// passwordRules are those of the account's rules that a password is held to.
type passwordRules struct {
	MinLength int `json:"minLength" doc:"characters"`
	MaxBytes  int `json:"maxBytes"`
	Classes   int `json:"classes" doc:"of lower case, upper case, digits, others: how many it has"`
	History   int `json:"history" doc:"how many earlier passwords may not be used again"`
}

type tokenInput struct {
	Body struct {
		Token string `json:"token" maxLength:"200" format:"password" doc:"what follows /#/link/ in the link"`
	}
}

// linkState is what a link is for.
type linkState struct {
	Purpose   string       `json:"purpose" enum:"first,grant,recover"`
	Duty      account.Duty `json:"duty"`
	Account   string       `json:"account,omitempty" doc:"its name; none: you choose one"`
	Person    string       `json:"person,omitempty"`
	WantsCode bool         `json:"wantsCode" doc:"another administrator has a code for you, which you need, too"`
	WantsName bool         `json:"wantsName" doc:"you choose the account's name"`
	Expires   string       `json:"expires" format:"date-time"`
}

type redeemInput struct {
	Body struct {
		Token    string `json:"token" maxLength:"200" format:"password" doc:"what follows /#/link/ in the link"`
		Code     string `json:"code,omitempty" maxLength:"64" format:"password" doc:"that another administrator has for you, where the link wants it"`
		Name     string `json:"name,omitempty" maxLength:"32" doc:"for signing in, where the link wants it" example:"zhang"`
		Person   string `json:"person,omitempty" maxLength:"64" doc:"your own name, likewise" example:"张伟"`
		Password string `json:"password" maxLength:"256" format:"password"`
	}
}

// enrolment is what an authenticator is set up with.
type enrolment struct {
	Name   string `json:"name" doc:"of the account"`
	URL    string `json:"url" format:"password" doc:"show it as a QR code to the authenticator"`
	Secret string `json:"secret" format:"password" doc:"the same for typing"`
}

type confirmInput struct {
	Body struct {
		Token string `json:"token" maxLength:"200" format:"password" doc:"what follows /#/link/ in the link"`
		TOTP  string `json:"totp" maxLength:"6" doc:"the six digits that the authenticator shows"`
	}
}

// DutyPath is the part of a path that names a duty.
type DutyPath struct {
	Duty account.Duty `path:"duty" enum:"system,security,audit" doc:"which of the three"`
}

// linkRoutes are how accounts are taken over by their persons.
func (s *Server) linkRoutes() []Route {
	const group = "links"
	return []Route{
		route(Route{ID: "get-setup", Method: http.MethodGet, Path: "/setup", Verb: "setup", Group: group, May: anyone(), Quiet: true,
			Summary: "Say whether this installation has its administrators yet, and what it asks of a password"}, s.getSetup),
		route(Route{ID: "make-first-link", Method: http.MethodPost, Path: "/links/first/{duty}", Verb: "account link", Group: group, May: onHost(),
			Summary: "Make the first link of a duty anew, on the center's host", Help: "The one before is of no use any more. Only for a duty that nobody has taken over."},
			func(ctx context.Context, in *DutyPath) (*answer[account.Link], error) {
				l, err := s.Accounts.FirstLink(ctx, in.Duty)
				return &answer[account.Link]{l}, err
			}),
		route(Route{ID: "look-at-link", Method: http.MethodPost, Path: "/links/look", Verb: "account link-show", Group: group, May: anyone(),
			Summary: "Show what a link is for"}, s.lookAtLink),
		route(Route{ID: "redeem-link", Method: http.MethodPost, Path: "/links/redeem", Verb: "account redeem", Group: group, May: anyone(),
			Summary: "Take over the account of a link: choose a password, and set up an authenticator",
			Help:    "The account is in force when the authenticator's first code has been confirmed."}, s.redeemLink),
		route(Route{ID: "confirm-link", Method: http.MethodPost, Path: "/links/confirm", Verb: "account redeem-confirm", Group: group, May: anyone(),
			Summary: "Show the first code of the authenticator, which puts the account in force"},
			func(ctx context.Context, in *confirmInput) (*accountOutput, error) {
				a, err := s.Accounts.ConfirmLink(ctx, in.Body.Token, in.Body.TOTP)
				remark(ctx, "account "+a.Name)
				return &accountOutput{ETag: etag(a.Revision), Body: a}, err
			}),
	}
}

func (s *Server) getSetup(ctx context.Context, _ *struct{}) (*answer[setup], error) {
	had, err := s.Accounts.Initialised(ctx)
	if err != nil {
		return nil, err
	}
	rules, err := s.Accounts.Rules(ctx)
	if err != nil {
		return nil, err
	}
	body := setup{Initialised: true, Missing: []account.Duty{}, Domain: s.Accounts.Domain, Origins: s.Accounts.Origins}
	body.Password = passwordRules{MinLength: rules.MinLength, MaxBytes: account.MaxPassword, Classes: rules.Classes, History: rules.History}
	for _, d := range account.Duties() {
		if !had[d] {
			body.Initialised, body.Missing = false, append(body.Missing, d)
		}
	}
	return &answer[setup]{body}, nil
}

func (s *Server) lookAtLink(ctx context.Context, in *tokenInput) (*answer[linkState], error) {
	l, err := s.Accounts.LookAtLink(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	return &answer[linkState]{linkState{
		Purpose: l.Purpose, Duty: l.Duty, Account: l.Account, Person: l.Person, WantsCode: l.WantsCode, WantsName: l.WantsName,
		Expires: l.Expires.UTC().Format("2006-01-02T15:04:05Z"),
	}}, nil
}

func (s *Server) redeemLink(ctx context.Context, in *redeemInput) (*answer[enrolment], error) {
	b := in.Body
	e, err := s.Accounts.Redeem(ctx, account.Redeem{Token: b.Token, Code: b.Code, Name: b.Name, Person: b.Person, Password: b.Password})
	remark(ctx, "account "+e.Name)
	return &answer[enrolment]{enrolment(e)}, err
}

type askRecoveryInput struct {
	DutyPath
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500" doc:"what happened, for the other one and for the records"`
	}
}

// recoveryAsked is a recovery with the code that its person needs.
type recoveryAsked struct {
	Recovery account.Recovery `json:"recovery"`
	Code     string           `json:"code" doc:"for the person who shall have the duty; who confirms gets the link. It is told once"`
}

// recoveries are those under way.
type recoveries struct {
	Items []account.Recovery `json:"items"`
}

// recoveryRoutes give a duty that has lost its accounts a new one, by the two others.
// It is the one thing that audit helps to change: else two persons would do for all.
func (s *Server) recoveryRoutes() []Route {
	const group = "accounts"
	return []Route{
		route(Route{ID: "list-recoveries", Method: http.MethodGet, Path: "/recoveries", Verb: "account recoveries", Group: group, May: everyDuty(),
			Summary: "List the duties that are being recovered"},
			func(ctx context.Context, _ *struct{}) (*answer[recoveries], error) {
				list, err := s.Accounts.Recoveries(ctx)
				return &answer[recoveries]{recoveries{list}}, err
			}),
		route(Route{ID: "ask-recovery", Method: http.MethodPost, Path: "/recoveries/{duty}", Verb: "account recover", Group: group, May: everyDuty(), Fresh: true,
			Summary: "Ask that a duty get a new account, because it has lost its own", Help: "Asked by one of the two other duties, confirmed by the third."},
			func(ctx context.Context, in *askRecoveryInput) (*answer[recoveryAsked], error) {
				remark(ctx, in.Body.Reason)
				r, code, err := s.Accounts.AskRecovery(ctx, callerOf(ctx), in.Duty, in.Body.Reason)
				return &answer[recoveryAsked]{recoveryAsked{r, code}}, err
			}),
		route(Route{ID: "confirm-recovery", Method: http.MethodPost, Path: "/recoveries/{duty}/confirm", Verb: "account recover-confirm", Group: group, May: everyDuty(), Fresh: true,
			Summary: "Agree that a duty get a new account", Help: "The answer has the link. When it is redeemed, the accounts that the duty had are disabled."},
			func(ctx context.Context, in *DutyPath) (*answer[account.Link], error) {
				l, err := s.Accounts.ConfirmRecovery(ctx, callerOf(ctx), in.Duty)
				return &answer[account.Link]{l}, err
			}),
		route(Route{ID: "withdraw-recovery", Method: http.MethodDelete, Path: "/recoveries/{duty}", Verb: "account recover-withdraw", Group: group, May: everyDuty(),
			Summary: "End the recovery of a duty, before its link is redeemed"},
			func(ctx context.Context, in *DutyPath) (*struct{}, error) {
				return nil, s.Accounts.WithdrawRecovery(ctx, in.Duty)
			}),
	}
}
