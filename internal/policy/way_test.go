// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"fmt"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
)

// methods are those of a text such as "certificate+password".
func methods(text string) []label.Assurance {
	var list []label.Assurance
	for name := range strings.SplitSeq(text, "+") {
		list = append(list, label.Assurance(name))
	}
	return list
}

// TestNewWay: a way is called after its strongest method, whatever their order.
func TestNewWay(t *testing.T) {
	for text, want := range map[string]label.Assurance{
		"component": label.ByComponent, "address": label.ByAddress, "hardware+address": label.ByHardware, "address+api-key": label.ByAPIKey,
		"password+api-key+hardware": label.ByPassword, "password+certificate": label.ByCertificate, "token+certificate": label.ByToken,
		"certificate+token": label.ByToken, "": "", "no": "", "password+": "", "password+password": "", "component+address": "", "api-key+component": "",
	} {
		w, err := policy.NewWay(methods(text)...)
		if (err == nil) != (want != "") || err == nil && (w.Assurance != want || w.Name != text) {
			t.Errorf("%q: %+v, %v, want %q", text, w, err, want)
		}
	}
	if _, err := policy.NewWay(); err == nil {
		t.Error("a way without a method")
	}
}

// TestCompileWays: what labels may say is what the ways give, and nothing else.
func TestCompileWays(t *testing.T) {
	for name, test := range map[string]struct {
		flow   int
		accept string
		proofs []string
		want   string // the ways, or empty for a refusal
	}{
		"each by itself":          {0, "token+api-key", nil, "token api-key"},
		"together":                {0, "certificate", []string{"certificate+password"}, "certificate+password"},
		"two ways, one assurance": {0, "certificate", []string{"certificate+password", "api-key+certificate"}, "certificate+password api-key+certificate"},
		"a label may say more":    {0, "certificate+password", []string{"certificate+password"}, ""},
		"a label may say less":    {0, "certificate", []string{"certificate+password", "token"}, ""},
		"a token without issuer":  {1, "token", nil, ""},
		"a method that is not":    {0, "certificate", []string{"certificate+smile"}, ""},
		"a file's, by address":    {1, "address", []string{"address"}, ""},
		"a file's, by more":       {1, "certificate", []string{"certificate+address"}, ""},
		"a file's":                {1, "certificate+component", []string{"certificate", "component"}, "certificate component"},
	} {
		b := bundle()
		f := &b.Flows[test.flow]
		f.Accept = methods(test.accept)
		for _, proof := range test.proofs {
			f.Proofs = append(f.Proofs, methods(proof))
		}
		var sent policy.Bundle
		if err := canon.Unmarshal(canon.Must(b), &sent); err != nil {
			t.Fatal(err)
		}
		p, err := policy.Compile(sent)
		if (err == nil) != (test.want != "") {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil {
			continue
		}
		var names []string
		for _, w := range p.Flow(f.Name).Ways() {
			names = append(names, w.Name)
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%s: %s", name, fmt.Sprint(names))
		}
	}
}
