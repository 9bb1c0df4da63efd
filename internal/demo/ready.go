// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"text/tabwriter"
)

// Ready is all that one needs to use a demonstration that stays: where it is reached, and
// as whom. Its JSON form is stable.
type Ready struct {
	Console     string    `json:"console"`     // address for a browser
	Certificate string    `json:"certificate"` // file of the certificate that it shows
	Fingerprint string    `json:"fingerprint"` // its SHA-256
	Host        string    `json:"host"`        // the center, for the command line on this host
	Portal      string    `json:"portal"`
	Front       string    `json:"front"`
	Ask         []string  `json:"ask"` // commands that ask as a system of the internet zone
	People      []Account `json:"people"`
	Dir         string    `json:"dir"`
}

// Account is an administrator with what one needs to be them.
type Account struct {
	Name          string `json:"name"`
	Person        string `json:"person"`
	Duty          string `json:"duty"`
	Password      string `json:"password"`
	Authenticator string `json:"authenticator"` // file of its otpauth address
	Code          string `json:"code"`          // command that shows the code of now
	Key           string `json:"key,omitempty"` // file of the key with which they sign policy
}

// ready has the administrators take over their duties, and tells all there is to tell.
func (d *Demo) ready(r *Ready) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		sessions, err := d.Found(ctx)
		if err != nil {
			return "", err
		}
		if err := errors.Join(d.Publish(ctx, sessions), d.SignOut(ctx, sessions)); err != nil {
			return "", err
		}
		*r, err = d.Ready()
		return "two persons for security, who publish the policy; one for each other duty; they sign in at " + r.Console, err
	}
}

// Ready tells how to use the demonstration, once Found has made its administrators.
func (d *Demo) Ready() (Ready, error) {
	i := d.Installation
	mark, err := i.ConsoleFingerprint()
	r := Ready{
		Console: d.ConsoleURL(), Certificate: i.ConsoleCertificate(), Fingerprint: mark, Host: "unix:" + i.Socket(Center),
		Portal: d.PortalURL(), Front: d.FrontURL(), Ask: d.askLines(), Dir: i.Dir,
	}
	for _, a := range Administrators() {
		one := Account{Name: a.Name, Person: a.Person, Duty: a.Duty, Password: a.password(), Authenticator: i.AuthenticatorFile(a.Name)}
		one.Code = filepath.Join(d.options.Bin, "dukou") + " otp " + one.Authenticator
		if a.Approver > 0 {
			one.Key = i.ApproverKey(a.Approver)
		}
		r.People = append(r.People, one)
	}
	return r, err
}

// askLines sign a person in, and ask for their report.
func (d *Demo) askLines() []string {
	return []string{
		fmt.Sprintf(`TOKEN=$(curl -s %s/login -H 'X-API-Key: %s' -H 'Content-Type: application/json' -d '{"user":"%s","password":"%s"}' | sed 's/.*"token":"\([^"]*\)".*/\1/')`,
			d.FrontURL(), APIKey, Zhang().Name, Zhang().Password),
		fmt.Sprintf(`curl -i -H "Authorization: Bearer $TOKEN" '%s%s'`, d.FrontURL(), reportPath(Zhang().Person, "self-inquiry")),
	}
}

// administration says who administers the installation, and how to be one of them.
func (d *Demo) administration(r *Ready) string {
	i, dukou := d.Installation, filepath.Join(d.options.Bin, "dukou")
	var b strings.Builder
	fmt.Fprintf(&b, `
 The console, for the four people who administer it:  %s
   The browser warns once: the demonstration made the certificate itself. Its SHA-256 is
   %s

`, r.Console, r.Fingerprint)
	w := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "   name\tduty\tpassword\tthe authenticator's code of now")
	for _, a := range r.People {
		fmt.Fprintf(w, "   %s, %s\t%s\t%s\t%s\n", a.Name, a.Person, a.Duty, a.Password, a.Code)
	}
	_ = w.Flush() // into a builder, which takes all
	fmt.Fprintf(&b, `
   A code is good once: when one is refused, wait for the next.
   li and zhao sign policy with the keys in these files, which they choose in the console:
   %s
   %s

 The same by command line, from this host:
   export DUKOU_CENTER=%s
   %s login wang --password-file %s --code-file %s
   %s inbox --as wang
   %s audit find --as chen      # after a login of chen
 What they do in a day: docs/operations/daily.md.

`, i.ApproverKey(1), i.ApproverKey(2), r.Host, dukou, i.PasswordFile("wang"), i.AuthenticatorFile("wang"), dukou, dukou)
	if d.options.Traffic > 0 {
		fmt.Fprintf(&b, " Until the end about %g requests a second go through, some of which are refused, and a file now and then.\n", d.options.Traffic)
	}
	fmt.Fprintf(&b, ` Everything is in %s, what the processes write in its log folder.
 Ctrl-C ends everything.
`, i.Dir)
	return b.String()
}
