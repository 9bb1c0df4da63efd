// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/vault"
)

// Config is what Accounts need.
type Config struct {
	Name    string    // of the installation, as authenticators show it
	Domain  string    // that passkeys are made for (the RP ID), as "console.bank.internal"; empty for none
	Origins []string  // where the console is opened: "https://console.bank.internal:8443"
	Key     vault.Key // seals what second factors are computed from
	Record  func(audit.Entry) audit.Ticket
	Tell    func(topic, id string) // that something changed
	Now     func() time.Time       // nil means time.Now
}

// Accounts are the administrators of one installation. The methods may be called from
// many goroutines.
type Accounts struct {
	Config
	db     *store.DB
	sealer *vault.Sealer
	hasher hasher
	keys   *webauthn.WebAuthn // nil without a domain
}

// Open gives the accounts that a database holds.
func Open(db *store.DB, c Config) (*Accounts, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	a := &Accounts{Config: c, db: db, sealer: c.Key.Sealer("second factor"), hasher: newHasher()}
	if c.Domain == "" {
		return a, nil
	}
	for _, origin := range c.Origins {
		if err := originFits(origin, c.Domain); err != nil {
			return nil, err
		}
	}
	keys, err := webauthn.New(&webauthn.Config{
		RPID: c.Domain, RPDisplayName: c.Name, RPOrigins: c.Origins,
		AttestationPreference:             protocol.PreferNoAttestation,
		AuthenticatorSelection:            protocol.AuthenticatorSelection{UserVerification: protocol.VerificationPreferred},
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore, // some password managers add them; none is used
	})
	if err != nil {
		return nil, fmt.Errorf("the domain of passkeys: %w", err)
	}
	a.keys = keys
	return a, nil
}

// originFits refuses an address of the console at which no browser would use a passkey
// of the domain.
func originFits(origin, domain string) error {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
		return fmt.Errorf("%q is no origin: it is https://HOST or https://HOST:PORT", origin)
	}
	host := u.Hostname()
	switch {
	case u.Scheme != "https" && host != "localhost":
		return fmt.Errorf("%s: browsers use passkeys with https only", origin)
	case net.ParseIP(host) != nil:
		return fmt.Errorf("%s: browsers use passkeys with a name only, not with an address", origin)
	case !within(host, domain):
		return fmt.Errorf("%s is not within the passkeys' domain %s", origin, domain)
	default:
		return nil
	}
}

// within tells whether a host's name is a domain or lies below it.
func within(host, domain string) bool {
	return strings.EqualFold(host, domain) || strings.HasSuffix(strings.ToLower(host), "."+strings.ToLower(domain))
}

// What callers prove themselves with begins with what it is, so that a leaked one is
// recognised by scanners.
const (
	sessionPrefix = "dukou_s_"
	tokenPrefix   = "dukou_t_"
	linkPrefix    = "dukou_l_"
)

// newSecret makes 256 random bits.
func newSecret(prefix string) string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + base64.RawURLEncoding.EncodeToString(b[:])
}

// digest is how secrets are kept: they are random, so that nothing slower is needed.
func digest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// newCode makes 60 random bits that one person can read to another: "abcd-efgh-ijkl".
func newCode() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	s := strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
	return s[:4] + "-" + s[4:8] + "-" + s[8:12]
}

// codeDigest is how a code is kept, however it was typed.
func codeDigest(code string) string {
	return digest("code " + strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code)))
}

// tell tells listeners of a change.
func (a *Accounts) tell(topic, id string) {
	if a.Tell != nil {
		a.Tell(topic, id)
	}
}

// note records what no call says: what the center did by itself.
func (a *Accounts) note(action, object, reason string) {
	a.Record(audit.Entry{
		Class: audit.ClassAdmin, Subject: "center", Object: object, Action: action, Verdict: "info", Reason: reason,
	})
}

// asProblem makes what the database says about a thing that is not there a problem.
func asProblem(err error, what string, args ...any) error {
	if errors.Is(err, sql.ErrNoRows) {
		return problem.New(problem.Unknown, what, args...)
	}
	return err
}

// Initialised tells which duties have had an account at some time. When all have, the
// installation is set up.
func (a *Accounts) Initialised(ctx context.Context) (map[Duty]bool, error) {
	rows, err := a.db.QueryContext(ctx, `SELECT DISTINCT duty FROM accounts WHERE redeemed > 0`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	had := map[Duty]bool{}
	for rows.Next() {
		var d Duty
		if err := rows.Scan(&d); err != nil {
			return nil, err
		}
		had[d] = true
	}
	return had, rows.Err()
}
