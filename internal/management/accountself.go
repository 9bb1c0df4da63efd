// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package management

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"dukou.dev/dukou/internal/account"
)

type passwordInput struct {
	Body struct {
		Old      string `json:"old" maxLength:"256" format:"password" doc:"the password until now"`
		Password string `json:"password" maxLength:"256" format:"password" doc:"the new one"`
	}
}

type preferencesInput struct {
	Body struct {
		TimeZone string `json:"timeZone" maxLength:"64" doc:"that times are shown in" example:"Asia/Shanghai"`
		Language string `json:"language" enum:"zh,en"`
	}
}

type totpInput struct {
	Body struct {
		TOTP string `json:"totp" maxLength:"6" doc:"the six digits that the new authenticator shows"`
	}
}

// passkeyList are an account's passkeys.
type passkeyList struct {
	Items []account.Passkey `json:"items"`
}

type addPasskeyInput struct {
	Body struct {
		Name    string          `json:"name" minLength:"1" maxLength:"64" doc:"by which you know the device"`
		Passkey json.RawMessage `json:"passkey" doc:"what navigator.credentials.create gave, as JSON"`
	}
}

type passkeyPath struct {
	Passkey string `path:"passkey" maxLength:"64" doc:"id of a passkey"`
}

// apiTokenList are an account's tokens.
type apiTokenList struct {
	Items []account.APIToken `json:"items"`
}

type newTokenInput struct {
	Name string `path:"name" maxLength:"32" doc:"what it is for: a-z, 0-9 and dash" example:"nightly-report"`
	Body struct {
		ReadOnly bool `json:"readOnly,omitempty" doc:"it changes nothing"`
		Days     int  `json:"days" minimum:"1" maximum:"365" doc:"after which it ends"`
	}
}

// madeToken is a token with its secret.
type madeToken struct {
	Token  account.APIToken `json:"token"`
	Secret string           `json:"secret" format:"password" doc:"for the header Authorization: Bearer. It is told once"`
}

type tokenPath struct {
	Token string `path:"token" maxLength:"64" doc:"name or id of a token"`
}

type approverKeyInput struct {
	Body struct {
		Key string `json:"key" maxLength:"1024" doc:"Ed25519 public key: 64 hex digits, or PEM as dukou key prints it"`
	}
}

// selfRoutes are what administrators do about themselves.
func (s *Server) selfRoutes() []Route {
	const group = "self"
	return append(s.selfFactorRoutes(),
		route(Route{ID: "change-password", Method: http.MethodPost, Path: "/self/password", Verb: "account password", Group: group, May: anyone(), Body: 16 << 10,
			Summary: "Change your password, also when it has expired", Help: "Your other sessions end."},
			func(ctx context.Context, in *passwordInput) (*sessionOutput, error) {
				return s.entered(ctx)(s.Accounts.ChangePassword(ctx, callOf(ctx).Secret, in.Body.Old, in.Body.Password, addressIn(ctx)))
			}),
		route(Route{ID: "set-preferences", Method: http.MethodPut, Path: "/self/preferences", Verb: "account preferences", Group: group, May: everyDuty(),
			Summary: "Choose the time zone and the language that you are shown"},
			func(ctx context.Context, in *preferencesInput) (*accountOutput, error) {
				a, err := s.Accounts.Preferences(ctx, callerOf(ctx), in.Body.TimeZone, in.Body.Language)
				return &accountOutput{ETag: etag(a.Revision), Body: a}, err
			}),
		route(Route{ID: "list-tokens", Method: http.MethodGet, Path: "/self/tokens", Verb: "account token list", Group: group, May: everyDuty(),
			Summary: "List your API tokens"},
			func(ctx context.Context, _ *struct{}) (*answer[apiTokenList], error) {
				list, err := s.Accounts.Tokens(ctx, callerOf(ctx))
				return &answer[apiTokenList]{apiTokenList{list}}, err
			}),
		route(Route{ID: "create-token", Method: http.MethodPost, Path: "/self/tokens/{name}", Verb: "account token create", Group: group, May: everyDuty(), Fresh: true,
			Summary: "Make an API token, with which a program calls in your name", Help: "It does nothing that wants a second factor just shown."},
			s.createToken),
		route(Route{ID: "revoke-token", Method: http.MethodDelete, Path: "/self/tokens/{token}", Verb: "account token revoke", Group: group, May: everyDuty(),
			Summary: "End one of your API tokens"},
			func(ctx context.Context, in *tokenPath) (*struct{}, error) {
				return nil, s.Accounts.RevokeToken(ctx, callerOf(ctx), in.Token)
			}),
		route(Route{ID: "set-approver-key", Method: http.MethodPut, Path: "/self/key", Verb: "account key set", Group: group, May: only(account.Security), Fresh: true,
			Summary: "Register the public key with which you sign what you approve"},
			func(ctx context.Context, in *approverKeyInput) (*accountOutput, error) {
				a, err := s.Accounts.SetApproverKey(ctx, callerOf(ctx), in.Body.Key)
				remark(ctx, "key "+a.ApproverKey)
				return &accountOutput{ETag: etag(a.Revision), Body: a}, err
			}),
	)
}

func (s *Server) createToken(ctx context.Context, in *newTokenInput) (*answer[madeToken], error) {
	until := s.now().Add(time.Duration(in.Body.Days) * 24 * time.Hour)
	t, secret, err := s.Accounts.NewToken(ctx, callerOf(ctx), in.Name, in.Body.ReadOnly, until)
	remark(ctx, "until "+t.Expires.UTC().Format(time.DateOnly))
	return &answer[madeToken]{madeToken{t, secret}}, err
}

// selfFactorRoutes are about one's own second factors.
func (s *Server) selfFactorRoutes() []Route {
	const group = "self"
	return []Route{
		route(Route{ID: "renew-totp", Method: http.MethodPost, Path: "/self/totp", Verb: "account totp renew", Group: group, May: everyDuty(), Fresh: true,
			Summary: "Set up another authenticator", Help: "It takes the place of the one in use when its first code is confirmed."},
			func(ctx context.Context, _ *struct{}) (*answer[enrolment], error) {
				e, err := s.Accounts.NewTOTP(ctx, callerOf(ctx))
				return &answer[enrolment]{enrolment(e)}, err
			}),
		route(Route{ID: "confirm-totp", Method: http.MethodPost, Path: "/self/totp/confirm", Verb: "account totp confirm", Group: group, May: everyDuty(), Fresh: true,
			Summary: "Show the first code of the other authenticator"},
			func(ctx context.Context, in *totpInput) (*struct{}, error) {
				return nil, s.Accounts.ConfirmTOTP(ctx, callerOf(ctx), in.Body.TOTP)
			}),
		route(Route{ID: "list-passkeys", Method: http.MethodGet, Path: "/self/passkeys", Verb: "account passkey list", Group: group, May: everyDuty(),
			Summary: "List your passkeys"},
			func(ctx context.Context, _ *struct{}) (*answer[passkeyList], error) {
				list, err := s.Accounts.Passkeys(ctx, callerOf(ctx))
				return &answer[passkeyList]{passkeyList{list}}, err
			}),
		route(Route{ID: "offer-passkey", Method: http.MethodPost, Path: "/self/passkeys/offer", Group: group, May: everyDuty(), Fresh: true,
			Summary: "Begin to add a passkey, in a browser"},
			func(ctx context.Context, _ *struct{}) (*answer[passkeyOptions], error) {
				options, err := s.Accounts.PasskeyOffer(ctx, callerOf(ctx), callOf(ctx).Origin)
				return &answer[passkeyOptions]{passkeyOptions{options}}, err
			}),
		route(Route{ID: "add-passkey", Method: http.MethodPost, Path: "/self/passkeys", Group: group, May: everyDuty(), Fresh: true, Body: 128 << 10,
			Summary: "Add the passkey that the browser has made"},
			func(ctx context.Context, in *addPasskeyInput) (*answer[account.Passkey], error) {
				p, err := s.Accounts.AddPasskey(ctx, callerOf(ctx), in.Body.Name, in.Body.Passkey)
				return &answer[account.Passkey]{p}, err
			}),
		route(Route{ID: "remove-passkey", Method: http.MethodDelete, Path: "/self/passkeys/{passkey}", Verb: "account passkey remove", Group: group, May: everyDuty(), Fresh: true,
			Summary: "Remove one of your passkeys"},
			func(ctx context.Context, in *passkeyPath) (*struct{}, error) {
				return nil, s.Accounts.RemovePasskey(ctx, callerOf(ctx), in.Passkey)
			}),
	}
}
