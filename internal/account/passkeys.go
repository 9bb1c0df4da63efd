// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
)

// PasskeyOffer begins to add a passkey: what navigator.credentials.create is called with.
func (a *Accounts) PasskeyOffer(ctx context.Context, who Caller, origin string) (json.RawMessage, error) {
	if err := a.usableAt(origin); err != nil {
		return nil, err
	}
	h, err := a.holder(ctx, who.Account)
	if err != nil {
		return nil, err
	}
	if len(h.keys)+len(h.others) >= maxPasskeys {
		return nil, problem.New(problem.Conflict, "an account has at most %d passkeys: remove one first", maxPasskeys)
	}
	options, data, err := a.keys.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()),
		webauthn.WithResidentKeyRequirement(protocol.ResidentKeyRequirementDiscouraged))
	if err != nil {
		return nil, err
	}
	return a.ceremony(ctx, who.Session, ceremonyOfMake, data, options)
}

// AddPasskey adds the passkey that a browser has made.
func (a *Accounts) AddPasskey(ctx context.Context, who Caller, name string, answer json.RawMessage) (p Passkey, err error) {
	if a.keys == nil || len(answer) > maxPasskeyProof || name == "" || !printable(name, maxKeyName) {
		return p, problem.New(problem.Invalid, "a passkey has a name of at most %d characters, and an answer of the browser", maxKeyName)
	}
	s, err := a.theSession(ctx, a.db, "s.id", who.Session)
	if err != nil {
		return p, err
	}
	data, err := a.take(ctx, s, ceremonyOfMake)
	if err != nil {
		return p, err
	}
	h, err := a.holder(ctx, who.Account)
	if err != nil {
		return p, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return p, problem.Wrap(problem.Invalid, err, "this is not what a browser answers")
	}
	key, err := a.keys.CreateCredential(h, data, parsed)
	if err != nil {
		return p, problem.Wrap(problem.Invalid, err, "the passkey is not for this center, or not for what was asked")
	}
	return a.keepPasskey(ctx, who, name, key)
}

func (a *Accounts) keepPasskey(ctx context.Context, who Caller, name string, key *webauthn.Credential) (Passkey, error) {
	text, err := json.Marshal(key)
	if err != nil {
		return Passkey{}, err
	}
	p := Passkey{ID: store.NewID(), Name: name, Domain: a.Domain, Usable: true, Created: a.Now()}
	done, err := a.db.ExecContext(ctx, `INSERT INTO account_passkeys (id, account, name, rp, credential, handle, created, used)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 0) ON CONFLICT (handle) DO NOTHING`,
		p.ID, who.Account, name, a.Domain, string(text), hex.EncodeToString(key.ID), millis(p.Created))
	return p, one(done, err, problem.New(problem.Conflict, "this passkey is known already"))
}

// Passkeys are those of an account.
func (a *Accounts) Passkeys(ctx context.Context, who Caller) ([]Passkey, error) {
	rows, err := a.db.QueryContext(ctx, `SELECT id, name, rp, created, used FROM account_passkeys WHERE account = $1 ORDER BY created, id`, who.Account)
	return collect(rows, err, func(rows *sql.Rows) (p Passkey, err error) {
		var created, used int64
		err = rows.Scan(&p.ID, &p.Name, &p.Domain, &created, &used)
		p.Created, p.Used, p.Usable = store.Time(created), store.Time(used), p.Domain == a.Domain
		return p, err
	})
}

// RemovePasskey removes one of an account's passkeys.
func (a *Accounts) RemovePasskey(ctx context.Context, who Caller, id string) error {
	done, err := a.db.ExecContext(ctx, `DELETE FROM account_passkeys WHERE id = $1 AND account = $2`, id, who.Account)
	return one(done, err, problem.New(problem.Unknown, "there is no such passkey of yours"))
}
