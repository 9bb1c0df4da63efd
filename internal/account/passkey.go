// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"dukou.dev/dukou/internal/problem"
)

const (
	maxPasskeys     = 10
	ceremonyWithin  = 5 * time.Minute
	maxKeyName      = 64
	ceremonyOfGet   = "get "
	ceremonyOfMake  = "make "
	maxPasskeyProof = 64 << 10
)

// holder is an account as the library of passkeys wants it.
type holder struct {
	id, name, person string
	keys             []webauthn.Credential
	others           []string // domains that its other passkeys are for
}

// WebAuthnID is the account's id.
func (h *holder) WebAuthnID() []byte { return []byte(h.id) }

// WebAuthnName is the account's name.
func (h *holder) WebAuthnName() string { return h.name }

// WebAuthnDisplayName is the person's.
func (h *holder) WebAuthnDisplayName() string { return h.person }

// WebAuthnCredentials are the passkeys that work here.
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

func (a *Accounts) holder(ctx context.Context, id string) (*holder, error) {
	r, err := a.find(ctx, a.db, id)
	if err != nil {
		return nil, err
	}
	h := &holder{id: r.ID, name: r.Name, person: r.Person}
	rows, err := a.db.QueryContext(ctx, `SELECT rp, credential FROM account_passkeys WHERE account = $1 ORDER BY created, id`, id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var domain, text string
		var key webauthn.Credential
		if err := rows.Scan(&domain, &text); err != nil {
			return nil, err
		}
		if domain != a.Domain {
			h.others = append(h.others, domain)
			continue
		}
		if err := json.Unmarshal([]byte(text), &key); err != nil {
			return nil, err
		}
		h.keys = append(h.keys, key)
	}
	return h, rows.Err()
}

// usableAt says in plain words why a passkey does not work where the browser is, and
// what does.
func (a *Accounts) usableAt(origin string) error {
	if a.keys == nil {
		return problem.New(problem.Conflict, "no domain for passkeys is set at this center: show the code of an authenticator")
	}
	if slices.ContainsFunc(a.Origins, func(o string) bool { return strings.EqualFold(o, origin) }) {
		return nil
	}
	return problem.New(problem.Conflict, "passkeys work at %s only, and not where you have opened this: "+
		"go there, or show the code of an authenticator here", strings.Join(a.Origins, " or "))
}

// PasskeyChallenge begins to show a passkey: what navigator.credentials.get is called
// with. origin is where the browser says that the page is.
func (a *Accounts) PasskeyChallenge(ctx context.Context, secret, origin string) (json.RawMessage, error) {
	s, err := a.sessionOf(ctx, a.db, secret)
	if err != nil {
		return nil, err
	}
	if err := a.usableAt(origin); err != nil {
		return nil, err
	}
	h, err := a.holder(ctx, s.account)
	if err != nil {
		return nil, err
	}
	if len(h.keys) == 0 && len(h.others) > 0 {
		return nil, problem.New(problem.Conflict, "the passkeys of this account are for %s, and this center is now %s: "+
			"show the code of an authenticator, then add a passkey", strings.Join(h.others, ", "), a.Domain)
	}
	if len(h.keys) == 0 {
		return nil, problem.New(problem.Conflict, "this account has no passkey: show the code of an authenticator")
	}
	options, data, err := a.keys.BeginLogin(h)
	if err != nil {
		return nil, err
	}
	return a.ceremony(ctx, s.ID, ceremonyOfGet, data, options)
}

// ceremony keeps what a session's passkey is held against, and gives what the browser
// is told.
func (a *Accounts) ceremony(ctx context.Context, session, kind string, data *webauthn.SessionData, options any) (json.RawMessage, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return nil, err
	}
	told, err := json.Marshal(options)
	if err != nil {
		return nil, err
	}
	done, err := a.db.ExecContext(ctx, `UPDATE account_sessions SET ceremony = $1, ceremony_until = $2 WHERE id = $3`,
		kind+string(text), a.Now().Add(ceremonyWithin).UnixMilli(), session)
	return told, one(done, err, problem.New(problem.SignedOut, "the session has ended: sign in again"))
}

// take ends a ceremony: whatever comes of it, it is good for one answer.
func (a *Accounts) take(ctx context.Context, s session, kind string) (data webauthn.SessionData, err error) {
	text, ok := strings.CutPrefix(s.ceremony, kind)
	if !ok || s.until < a.Now().UnixMilli() {
		return data, problem.New(problem.Conflict, "nobody has asked for a passkey, or it was too long ago: begin again")
	}
	done, err := a.db.ExecContext(ctx, `UPDATE account_sessions SET ceremony = '' WHERE id = $1 AND ceremony = $2`, s.ID, s.ceremony)
	if err := one(done, err, problem.New(problem.Conflict, "this was answered already: begin again")); err != nil {
		return data, err
	}
	err = json.Unmarshal([]byte(text), &data)
	return data, err
}

// provePasskey looks at what a browser's passkey has signed.
func (a *Accounts) provePasskey(ctx context.Context, s session, answer json.RawMessage) (spent, error) {
	if a.keys == nil || len(answer) > maxPasskeyProof {
		return nil, errProof()
	}
	data, err := a.take(ctx, s, ceremonyOfGet)
	if err != nil {
		return nil, err
	}
	h, err := a.holder(ctx, s.account)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return nil, errProof()
	}
	key, err := a.keys.ValidateLogin(h, data, parsed)
	if err != nil {
		return nil, errProof()
	}
	if key.Authenticator.CloneWarning {
		a.note("copied-passkey", h.name, "credentials-wrong")
		return nil, errProof()
	}
	text, err := json.Marshal(key)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE account_passkeys SET credential = $1, used = $2 WHERE handle = $3 AND account = $4`,
			string(text), a.Now().UnixMilli(), hex.EncodeToString(key.ID), s.account)
		return one(done, err, problem.New(problem.Credentials, "the passkey was removed meanwhile"))
	}, nil
}
