// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package account is who administers an installation: accounts with one duty each, what
// they prove themselves with, and their sessions. Duties are separated (三员): nobody
// holds two, there is no account above them, and what one duty lost the two others
// give back.
//
// An account is the work of two: system creates it and has a code, security grants its
// duty and has a link; the person gets one from each and needs both. What is secret is
// kept as its SHA-256 (links, sessions, tokens), as argon2id (passwords), or sealed
// (what second factors are computed from).
package account

import "time"

// Duty is what an administrator is there for.
type Duty string

// The duties.
const (
	System   Duty = "system"   // accounts, components, network, backups (系统管理员)
	Security Duty = "security" // rights, subjects, objects, labels, flows, policy (安全管理员)
	Audit    Duty = "audit"    // sees everything and changes nothing (审计管理员)
)

// Duties are all duties.
func Duties() []Duty { return []Duty{System, Security, Audit} }

// Valid tells whether d is one of the duties.
func (d Duty) Valid() bool { return d == System || d == Security || d == Audit }

// Caller is who makes a call of the management interface.
type Caller struct {
	Account  string    // id; empty for the host
	Name     string    // of the account, or of the token with its account: "zhang", "zhang/nightly"
	Duty     Duty      // empty for the host
	Session  string    // id of the session or token, which is no secret
	Token    bool      // it came with an API token: no second factor can be asked of it
	ReadOnly bool      // a token that changes nothing
	Host     bool      // it came over the socket on the center's own host, without a session
	Fresh    time.Time // when it last showed a second factor
	Address  string    // where it came from
}

// Principal is how audit records name the caller.
func (c Caller) Principal() string {
	switch {
	case c.Host:
		return "host"
	case c.Name == "":
		return "nobody"
	default:
		return "admin/" + c.Name
	}
}

// State is where an account stands.
type State string

// The states. That an account is locked for a while is no state: see Account.Locked.
const (
	Invited  State = "invited"  // nobody has redeemed its link
	Active   State = "active"   // its person may sign in
	Disabled State = "disabled" // for good
)

// Account is one administrator, as all of them see it.
type Account struct {
	ID            string    `json:"id"`
	Name          string    `json:"name" doc:"for signing in"`
	Person        string    `json:"person" doc:"whose it is"`
	Duty          Duty      `json:"duty,omitempty" enum:"system,security,audit" doc:"none until security has granted one"`
	State         State     `json:"state" enum:"invited,active,disabled"`
	Locked        time.Time `json:"lockedUntil,omitzero" doc:"signing in failed too often"`
	TimeZone      string    `json:"timeZone,omitempty" doc:"that times are shown in: Asia/Shanghai"`
	Language      string    `json:"language,omitempty" doc:"zh or en"`
	Created       time.Time `json:"created"`
	CreatedBy     string    `json:"createdBy"`
	GrantedBy     string    `json:"grantedBy,omitempty"`
	Redeemed      time.Time `json:"redeemed,omitzero" doc:"when its person took it over"`
	PasswordUntil time.Time `json:"passwordUntil,omitzero" doc:"when the password must be changed"`
	ApproverKey   string    `json:"approverKey,omitempty" doc:"with which this administrator signs bundles: Ed25519, hex"`
	Revision      int64     `json:"revision"`
}

// Session is a signed-in browser or command line.
type Session struct {
	ID      string    `json:"id"`
	Account string    `json:"account" doc:"name"`
	Duty    Duty      `json:"duty"`
	State   string    `json:"state" enum:"factor,password,full" doc:"what is still wanted: the second factor, a new password, or nothing"`
	Bearer  bool      `json:"bearer" doc:"a command line; else a browser"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used"`
	Idle    time.Time `json:"idleUntil" doc:"when it ends if it is not used"`
	Ends    time.Time `json:"endsAt" doc:"when it ends in any case"`
	Fresh   time.Time `json:"factorAt,omitzero" doc:"when a second factor was shown"`
	Address string    `json:"address"`
	Agent   string    `json:"agent,omitempty"`
}

// APIToken lets a program call in the name of an account.
type APIToken struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	ReadOnly bool      `json:"readOnly"`
	Created  time.Time `json:"created"`
	Expires  time.Time `json:"expires"`
	Used     time.Time `json:"used,omitzero"`
}

// Passkey is a key in a device that shows an account's second factor.
type Passkey struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Domain  string    `json:"domain" doc:"it works for no other"`
	Usable  bool      `json:"usable" doc:"it is for the name that this center has now"`
	Created time.Time `json:"created"`
	Used    time.Time `json:"used,omitzero"`
}

// Link makes an account usable, once. Its token is told when it is made and never again.
type Link struct {
	Token   string    `json:"token" format:"password" doc:"the person opens PATH below the console's address"`
	Path    string    `json:"path" doc:"of the page that redeems it"`
	Purpose string    `json:"purpose" enum:"first,grant,recover"`
	Duty    Duty      `json:"duty"`
	Account string    `json:"account,omitempty" doc:"name; none yet for a first link"`
	Expires time.Time `json:"expires"`
}

// Recovery is a duty that two others give a new account, because it has lost its own.
type Recovery struct {
	Duty      Duty      `json:"duty"`
	AskedBy   string    `json:"askedBy"`
	AskedDuty Duty      `json:"askedDuty"`
	Reason    string    `json:"reason"`
	Created   time.Time `json:"created"`
	Expires   time.Time `json:"expires"`
	Confirmed string    `json:"confirmedBy,omitempty" doc:"then its link waits to be redeemed"`
	Ends      []string  `json:"ends" doc:"the accounts of the duty that are disabled when the link is redeemed"`
}
