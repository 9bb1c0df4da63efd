// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/base32"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"dukou.dev/dukou/internal/problem"
)

// The codes of authenticators: those that every authenticator computes (RFC 6238 with
// SHA-1, six digits, thirty seconds).
const (
	totpPeriod = 30 // seconds
	totpSkew   = 1  // periods that a clock may be off
	totpSecret = 20 // bytes
)

// Enrolment is what an authenticator is set up with. It is told once.
type Enrolment struct {
	Name   string // of the account
	URL    string // otpauth://, as a QR code shows it
	Secret string // the same for typing, base32
}

// enrol makes a new secret of an authenticator, and seals it for whom it is.
func (a *Accounts) enrol(name, owner string) (e Enrolment, sealed []byte, err error) {
	secret := make([]byte, totpSecret)
	_, _ = rand.Read(secret) // never fails
	key, err := totp.Generate(totp.GenerateOpts{
		Issuer: a.Name, AccountName: name, Period: totpPeriod, Secret: secret, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil {
		return e, nil, err
	}
	return Enrolment{Name: name, URL: key.URL(), Secret: key.Secret()}, a.sealer.Seal(nil, secret, []byte(owner)), nil
}

// stepOf finds the period whose code was shown, after the last one of which a code was
// used. Each of the periods is computed, whichever it is.
func (a *Accounts) stepOf(sealed []byte, owner, code string, last int64) (step int64, err error) {
	secret, err := a.sealer.Open(nil, sealed, []byte(owner))
	if err != nil {
		return 0, problem.Wrap(problem.Internal, err, "the second factor cannot be read")
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
	now := a.Now().Unix() / totpPeriod
	for n := now - totpSkew; n <= now+totpSkew; n++ {
		want, err := totp.GenerateCodeCustom(text, time.Unix(n*totpPeriod, 0), totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && n > last {
			step = n
		}
	}
	if step == 0 {
		return 0, errProof()
	}
	return step, nil
}

// proveTOTP looks at the code of an authenticator. A code is good once.
func (a *Accounts) proveTOTP(who record, code string) (spent, error) {
	step, err := a.stepOf(who.totp, who.ID, code, who.totpStep)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `UPDATE accounts SET totp_step = $1 WHERE id = $2 AND totp_step < $3`, step, who.ID, step)
		return one(done, err, problem.New(problem.Credentials, "the code was used before"))
	}, nil
}

// NewTOTP sets up another authenticator, which replaces the one in use with its first
// right code.
func (a *Accounts) NewTOTP(ctx context.Context, who Caller) (e Enrolment, err error) {
	err = a.change(ctx, who.Account, func(_ *sql.Tx, r *record) (err error) {
		e, r.totpNext, err = a.enrol(r.Name, r.ID)
		return err
	})
	return e, err
}

// ConfirmTOTP puts the authenticator of NewTOTP to use.
func (a *Accounts) ConfirmTOTP(ctx context.Context, who Caller, code string) error {
	r, err := a.find(ctx, a.db, who.Account)
	if err != nil {
		return err
	}
	if len(r.totpNext) == 0 {
		return problem.New(problem.Conflict, "no other authenticator is being set up")
	}
	try, err := a.begin(ctx, r, "", who.Address)
	if err != nil {
		return err
	}
	step, err := a.stepOf(r.totpNext, r.ID, code, 0)
	if problem.CodeOf(err) == problem.Credentials {
		return a.failed(try, r)
	}
	if err := a.refund(ctx, try, err); err != nil {
		return err
	}
	next := r.totpNext
	return a.change(ctx, who.Account, func(_ *sql.Tx, r *record) error {
		if subtle.ConstantTimeCompare(r.totpNext, next) != 1 {
			return problem.New(problem.Stale, "yet another authenticator was set up meanwhile")
		}
		r.totp, r.totpNext, r.totpStep = r.totpNext, nil, step
		return nil
	})
}
