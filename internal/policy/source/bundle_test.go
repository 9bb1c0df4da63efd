// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"dukou.dev/dukou/internal/canon"
	"dukou.dev/dukou/internal/label"
	"dukou.dev/dukou/internal/policy"
	"dukou.dev/dukou/internal/policy/source"
)

func options() source.Options {
	return source.Options{
		Version: 4, Now: time.UnixMilli(1_790_000_000_000), Issuers: map[string]ed25519.PublicKey{"bureau": make(ed25519.PublicKey, 32)},
		Components: []policy.Component{
			{ID: "fo", Role: policy.RoleFront, Zone: "out"}, {ID: "fi", Role: policy.RoleFront, Zone: "in"}, {ID: "go", Role: policy.RoleOuter, Zone: "out"},
		},
	}
}

// TestBundleIsReproducible: neither the order of files nor that of keys shows.
func TestBundleIsReproducible(t *testing.T) {
	one, err := load(t, small, permit).Bundle(options())
	if err != nil {
		t.Fatal(err)
	}
	head, tail, _ := strings.Cut(small, "zones:\n")
	swapped := strings.Replace("zones:\n"+tail, "{max: 9}", "{type: string, max: 9}", 1)
	parts, err := source.Load(fstest.MapFS{"z/a.yml": {Data: []byte(head)}, "b.yaml": {Data: []byte(swapped)}, "p.cedar": {Data: []byte(permit)}, "README.md": {Data: []byte("x: [")}})
	if err != nil {
		t.Fatal(err)
	}
	two, err := parts.Bundle(options())
	if err != nil {
		t.Fatal(err)
	}
	if string(canon.Must(one)) != string(canon.Must(two)) {
		t.Error("the same policy makes two bundles")
	}
}

func TestBundleTimesAndDefaults(t *testing.T) {
	b, err := load(t, small, permit).Bundle(options())
	if err != nil {
		t.Fatal(err)
	}
	if b.Created != 1_790_000_000_000 || b.NotBefore >= b.Created || b.NotAfter != b.Created+90*86_400_000 || b.Version != 4 || b.Term != 1 {
		t.Errorf("version %d, term %d, %d, %d to %d", b.Version, b.Term, b.Created, b.NotBefore, b.NotAfter)
	}
	f := b.Flows[0]
	want := policy.Limits{RequestBytes: 64 << 10, AnswerBytes: 256 << 10, Rate: 50, Burst: 100, Concurrent: 64, TimeoutMillis: 10_000, LabelMillis: 30_000}
	if f.Limits != want || f.Unknown != "refuse" || f.Kind != "ask" || f.Object != "in/o" || f.Class.Integrity != 1 || f.Answer.Integrity != 3 {
		t.Errorf("%+v", f)
	}
	request := f.Forms[0].Request
	var names []string
	for _, field := range request.Fields {
		names = append(names, field.Name)
	}
	if got := strings.Join(names, " "); got != "form path query header body" {
		t.Errorf("the request has %s", got)
	}
	if request.Fields[2].Required || !request.Fields[3].Required {
		t.Error("a section must be there exactly where one of its fields must")
	}
	if text := request.Fields[4].Schema.Fields[0].Schema; text.Type != policy.Text || text.Max != 256 {
		t.Errorf("plain text is %+v", text)
	}
	if g := b.Flows[1]; g.Kind != "deliver" || g.Files.MaxSize != 64<<20 || g.Files.Ready != "rename" || len(g.Forms) != 1 {
		t.Errorf("%+v", g)
	}
}

// TestBundleSeals: a front gets the credentials of its own zone, and nobody else any.
func TestBundleSeals(t *testing.T) {
	s, o := load(t, small, permit), options()
	sealed := map[string]policy.Directory{}
	o.Seal = func(component string, plaintext []byte) ([]byte, error) {
		var d policy.Directory
		if err := canon.Unmarshal(plaintext, &d); err != nil {
			t.Error(err)
		}
		sealed[component] = d
		return []byte("to " + component), nil
	}
	b, err := s.Bundle(o)
	if err != nil {
		t.Fatal(err)
	}
	if len(sealed) != 2 || len(b.Sealed) != 2 || len(sealed["fo"].Credentials) != 1 || len(sealed["fi"].Credentials) != 1 {
		t.Fatalf("%+v", sealed)
	}
	if c := sealed["fo"].Credentials[0]; c.Subject != "out/a" || c.Method != label.ByAPIKey || c.Value != strings.Repeat("0", 64) {
		t.Errorf("%+v", c)
	}
	if c := sealed["fi"].Credentials[0]; c.Subject != "in/b" || c.Method != label.ByCertificate {
		t.Errorf("%+v", c)
	}
	if strings.Contains(string(canon.Must(b)), strings.Repeat("0", 64)) {
		t.Error("a credential is in the open part")
	}
	o.Seal = func(string, []byte) ([]byte, error) { return nil, errors.New("no key") }
	if _, err := s.Bundle(o); err == nil {
		t.Error("built without the credentials")
	}
}

func TestIssuerKeys(t *testing.T) {
	s, o := load(t, small, permit), options()
	if got := s.MissingIssuers(); len(got) != 1 || got[0] != "bureau" {
		t.Errorf("missing: %v", got)
	}
	o.Issuers = nil
	if _, err := s.Bundle(o); err == nil {
		t.Error("built without the issuer's key")
	}
	key := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	files := folder(small, permit)
	files["bureau.pub"] = &fstest.MapFile{Data: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})}
	if s, err = source.Load(files); err != nil {
		t.Fatal(err)
	}
	b, err := s.Bundle(o)
	if err != nil || !b.Issuers[0].Key.Equal(key) {
		t.Errorf("%v, %v", b.Issuers, err)
	}
	files["bureau.pub"] = &fstest.MapFile{Data: []byte("no key")}
	if _, err := source.Load(files); err == nil || !strings.Contains(err.Error(), "p.yaml:7:") {
		t.Error(err)
	}
}

// TestFileNames: a hostile name does not pass the form of files, so neither judge.
func TestFileNames(t *testing.T) {
	for extensions, test := range map[string]struct{ good, bad []string }{
		"": {
			[]string{"a", "a.csv", "渡口 1.tar.gz", "a..b", strings.Repeat("x", 255)},
			[]string{"", ".", "..", ".a", "a/b", "/a", "../a", `a\b`, "a\x00", "a\nb", "a\x7f", strings.Repeat("x", 256)},
		},
		"extensions: [.csv, .tar.gz]": {
			[]string{"a.csv", "A.CSV", "b.tar.gz", "a.b.csv"},
			[]string{"a", ".csv", "a.csv.exe", "a.csv\n", "a.csv/", "acsv", "a.gz"},
		},
	} {
		s := load(t, strings.Replace(small, "files: {}", "files: {"+extensions+"}", 1), permit)
		p, err := s.Draft()
		if err != nil {
			t.Fatal(err)
		}
		schema := &p.Flow("give").Forms[0].Request
		check := func(name string) error {
			return schema.Check(map[string]any{"form": "file", "name": name, "size": int64(1), "modified": int64(1)}, "content")
		}
		for _, name := range test.good {
			if err := check(name); err != nil {
				t.Errorf("{%s} %q: %v", extensions, name, err)
			}
		}
		for _, name := range test.bad {
			if check(name) == nil {
				t.Errorf("{%s} %q passes", extensions, name)
			}
		}
	}
}
