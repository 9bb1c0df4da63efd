// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft_test

import (
	"strings"
	"testing"

	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/draft/drafttest"
	"dukou.dev/dukou/internal/store/storetest"
)

// TestDifference changes one thing each in what is in force: one sentence says so.
func TestDifference(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	files := bankFiles(t)
	w.publish(files)
	for _, test := range []struct {
		path, old, now string
		effect         draft.Effect
		want           string
	}{
		{"flows/query.yaml", "rate: 200/s", "rate: 300/s", draft.Wider, "flow credit-query: rate 200 → 300 requests/s for each subject"},
		{"flows/query.yaml", "concurrent: 256", "concurrent: 200", draft.Narrower, "flow credit-query: at once 256 → 200 under way"},
		{"flows/query.yaml", "timeout: 10s", "timeout: 20s", draft.Wider, "flow credit-query: an answer may take 10s → 20s"},
		{"flows/query.yaml", "unknown: drop", "unknown: refuse", draft.Narrower, "flow credit-query: what the forms do not name is refused with all of it"},
		{"flows/query.yaml", "max: 13, pattern: 'person-[0-9]{6}'}\n        query", "max: 14, pattern: 'person-[0-9]{6}'}\n        query", draft.Wider, "flow credit-query: report question.path.person: at most 13 → 14"},
		{"flows/query.yaml", "enum: [self-inquiry, loan-review]", "enum: [self-inquiry]", draft.Narrower, `flow credit-query: report question.query.purpose: "loan-review" no more`},
		{"flows/query.yaml", "          - status: 404\n            body: {fields: {error: {enum: [no-such-person]}}}\n", "", draft.Narrower, "flow credit-query: form report may not be answered with status 404 any more"},
		{"flows/query.yaml", "min: 300, max: 850, class: {confidentiality: 3, categories: [credit]}", "min: 300, max: 850, class: {confidentiality: 2, categories: [credit]}", draft.Wider, "flow credit-query: report answer 200.body.score: class of the content: confidentiality 3 → 2"},
		{"flows/query.yaml", "class: {confidentiality: 2, categories: [personal]}\n    answer", "class: {confidentiality: 1, categories: [personal]}\n    answer", draft.Wider, "flow credit-query: class of what crosses: confidentiality 2 → 1"},
		{"flows/login.yaml", "secret: true, class: {confidentiality: 3}", "class: {confidentiality: 3}", draft.Other, "flow credit-login: login question.body.password: it is kept out of the records: false"},
		{"flows/login.yaml", "accept: [api-key]", "accept: [api-key, certificate]", draft.Wider, "flow credit-login: who proves itself by certificate is taken"},
		{"zones.yaml", "class: {confidentiality: 3, integrity: 1,", "class: {confidentiality: 4, integrity: 1,", draft.Wider, "zone internet: what may enter: confidentiality 3 → 4"},
		{"zones.yaml", "audience: credit-bureau", "audience: bureau", draft.Other, `issuer credit-bureau: its tokens must be for "bureau", not "credit-bureau"`},
		{"subjects.yaml", "clearance: {confidentiality: 3, categories: [personal, credit]}", "clearance: {confidentiality: 3, categories: [personal]}", draft.Narrower, "subject internet/portal: clearance: loses credit"},
		{"subjects.yaml", "groups: [portals]", "groups: [portals, persons]", draft.Wider, "subject internet/portal joins persons: what that group may do, it may do"},
		{"subjects.yaml", "proxies: {intranet: intranet/portal}", "proxies: {intranet: intranet/batch}", draft.Other, "subject internet/portal is intranet/batch in intranet, not intranet/portal"},
		{"subjects.yaml", "a68d51f8538a", "a68d51f8538b", draft.Wider, "subject internet/portal: api-key a68d51f8538b… proves it"},
		{"objects.yaml", "aliases: {internet: internet/batch-requests}", "aliases: {internet: internet/batches}", draft.Other, "object intranet/batch-requests is called internet/batches in internet, not internet/batch-requests"},
		{"objects.yaml", "groups: [bureau]\n    class: {confidentiality: 5, integrity: 3", "groups: [bureau]\n    class: {confidentiality: 5, integrity: 2", draft.Wider, "object intranet/sign-in (internet/bureau-sign-in): what it takes: integrity 3 → 2"},
		{"dukou.yaml", "valid: 90d", "valid: 120d", draft.Wider, "a bundle holds for 120 days, not 90 days"},
		{"dukou.yaml", "  - credit ", "  - credit\n  - more ", draft.Other, "category more is new"},
		{"policies/credit.cedar", `@id("answer-is-about-the-asker")`, `@id("another")`, draft.Narrower, `prohibition "another" is new: `},
		{"policies/credit.cedar", `context.kind == "answer" };`, `context.kind == "answer" || context.kind == "ask" };`, draft.Other, `permission "report-is-answered" says: `},
	} {
		changed := drafttest.Edited(t, files, test.path, test.old, test.now)
		if test.path == "objects.yaml" {
			changed = renamed(changed, "internet/batch-requests", "internet/batches", test.now)
		}
		d, err := w.desk.Difference(t.Context(), w.upload(changed).ID)
		if err != nil {
			t.Errorf("%s: %v", test.want, err)
			continue
		}
		sameInBoth(t, d)
		if !told(d, test.effect, test.want) {
			t.Errorf("no %s %q in:\n%s", test.effect, test.want, d.Words())
		}
		if len(d.Changes) > 3 || !strings.Contains(d.Text, "+++ draft/"+test.path) || len(d.Notes) != 0 {
			t.Errorf("%s: %d changes, notes %v, text\n%s", test.want, len(d.Changes), d.Notes, d.Text)
		}
	}
}

// renamed has the flows follow an alias that was renamed.
func renamed(files []draft.File, old, now, edit string) []draft.File {
	if !strings.Contains(edit, now) {
		return files
	}
	for i := range files {
		if strings.HasPrefix(files[i].Path, "flows/") {
			files[i].Text = strings.ReplaceAll(files[i].Text, "object: "+old, "object: "+now)
		}
	}
	return files
}

func told(d draft.Difference, effect draft.Effect, want string) bool {
	for _, c := range d.Changes {
		if c.Effect == effect && strings.HasPrefix(c.English, want) {
			return true
		}
	}
	return false
}

func TestDifferenceOfNothing(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	first, err := w.desk.Difference(t.Context(), w.upload(bankFiles(t)).ID)
	if err != nil || first.From != 0 || !told(first, draft.Wider, "flow credit-query is new: ") || !told(first, draft.Wider, "subject internet/portal: api-key ") {
		t.Errorf("%v\n%s", err, first.Words())
	}
	sameInBoth(t, first)
	p := w.publish(bankFiles(t))
	same, err := w.desk.Difference(t.Context(), w.upload(bankFiles(t)).ID)
	if err != nil || same.From != p.Version || len(same.Changes) != 0 || same.Text != "" {
		t.Errorf("%v\n%s%s", err, same.Words(), same.Text)
	}
}

// TestDifferenceToAFile: what was applied as a file is compared as far as it can be.
func TestDifferenceToAFile(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.applyFile(bankFiles(t), 7)
	d, err := w.desk.Difference(t.Context(), w.upload(drafttest.Edited(t, bankFiles(t), "flows/query.yaml", "rate: 200/s", "rate: 300/s")).ID)
	if err != nil || d.From != 7 || len(d.Notes) != 1 || d.Text != "" || len(d.Changes) != 1 || !told(d, draft.Wider, "flow credit-query: rate 200 → 300") {
		t.Errorf("%v: %+v", err, d)
	}
	sameInBoth(t, d)
}

func TestPasswordsAreNotShown(t *testing.T) {
	const hash = "$argon2id$v=19$m=65536,t=3,p=1$c2FsdHNhbHQ$aGFzaC/+aGFzaA"
	text := draft.Masked("password: {user: x, hash: '" + hash + "'}\n")
	if strings.Contains(text, "aGFzaC") || strings.Contains(text, "c2Fsd") || !strings.HasSuffix(text, "'}\n") {
		t.Error(text)
	}
	if draft.Masked(hash) == draft.Masked(hash+"x") {
		t.Error("another password does not show")
	}
}

// TestNothingHides: who looks at a difference sees all of it, whatever signs are in it.
func TestNothingHides(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	changed := drafttest.Edited(t, bankFiles(t), "flows/query.yaml", "# A person", "# \x1b[2J\u202e\u200b A person")
	d, err := w.desk.Difference(t.Context(), w.upload(changed).ID)
	if err != nil || strings.ContainsAny(d.Text, "\x1b\u202e\u200b") || !strings.Contains(d.Text, `\u{1b}[2J\u{202e}\u{200b} A person`) {
		t.Errorf("%v: %q", err, d.Text)
	}
}

func TestShow(t *testing.T) {
	d := draft.Difference{Text: strings.Repeat("渡口 ", 1000)}
	for _, most := range []int{300, 1000, 100_000} {
		if text := d.Show(most); len(text) > most || strings.ContainsRune(text, '\uFFFD') || (most < 7000) != strings.Contains(text, "SHA-256") {
			t.Errorf("%d bytes of %d", len(text), most)
		}
	}
}

func TestNames(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	d := w.upload(bankFiles(t))
	list, err := w.desk.Names(t.Context(), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []draft.Name{
		{Kind: "subject", ID: "internet/person-*", Zone: "intranet", Name: "intranet/web-person-*"},
		{Kind: "object", ID: "intranet/credit-reports", Zone: "internet", Name: "internet/bureau-reports"},
	} {
		found := false
		for _, n := range list {
			found = found || n == want
		}
		if !found {
			t.Errorf("%+v is not among %d names", want, len(list))
		}
	}
}
