// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft_test

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/draft/drafttest"
	"dukou.dev/dukou/internal/envelope"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

// admit admits a partner for a zone, past the two persons.
func (w *world) admit(name, key, zone string, lists ...string) {
	w.t.Helper()
	p, err := w.desk.ProposeAdmission(w.t.Context(), draft.NewPartner{Name: name, Key: hex.EncodeToString(drafttest.Public(key)), Zones: []string{zone}, Lists: lists})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.desk.CheckPartner(w.t.Context(), p.Payload); err != nil {
		w.t.Fatal(err)
	}
	for range 2 { // the second time does nothing
		if _, err := w.desk.AdmitPartner(w.t.Context(), p.Payload); err != nil {
			w.t.Fatal(err)
		}
	}
}

func part(serial uint64, text string) draft.Part {
	return draft.Part{Version: 1, Guard: "guard-1", Partner: "branch", Serial: serial, Text: text}
}

// signed is a part as its partner sends it.
func signed(t testing.TB, p draft.Part, key string) []byte {
	t.Helper()
	s, err := envelope.Seal(draft.PartDocument, p, drafttest.Key(key))
	if err != nil {
		t.Fatal(err)
	}
	return s.Encode()
}

const teller = "subjects:\n  - id: internet/branch-teller\n    clearance: {confidentiality: 2}\n"

func TestParts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		_, err := w.desk.Submit(t.Context(), "branch", signed(t, part(1, teller), "branch"))
		code(t, err, problem.Credentials, "nobody is admitted")
		w.publish(bankFiles(t))
		w.admit("branch", "branch", "internet", "subjects", "objects")
		first, err := w.desk.Submit(t.Context(), "branch", signed(t, part(5, teller), "branch"))
		if err != nil || first.Partner != "branch" || first.Serial != 5 || first.Origin != draft.FromPartner || first.Base != 1 {
			t.Fatalf("%+v: %v", first, err)
		}
		if w.inForce() != 1 || w.keeper.Current().Subject("internet/branch-teller") != nil {
			t.Error("a part was applied by itself")
		}
		diff, err := w.desk.Difference(t.Context(), first.ID)
		if err != nil || len(diff.Changes) != 1 || !told(diff, draft.Wider, "subject internet/branch-teller is new: cleared for C2 I1") {
			t.Errorf("%v\n%s", err, diff.Words())
		}
		if list, err := w.desk.Waiting(t.Context()); err != nil || len(list) != 1 || list[0].ID != first.ID {
			t.Errorf("%+v: %v", list, err)
		}
		for name, test := range map[string]struct {
			data []byte
			want problem.Code
		}{
			"the same again":        {signed(t, part(5, teller), "branch"), problem.Conflict},
			"an older serial":       {signed(t, part(4, teller), "branch"), problem.Conflict},
			"a serial past the end": {signed(t, part(1<<63, teller), "branch"), problem.Conflict},
			"a foreign signature":   {signed(t, part(6, teller), "stranger"), problem.Credentials},
			"no document":           {[]byte("part"), problem.Credentials},
			"nothing":               {nil, problem.Credentials},
			"another installation":  {signed(t, draft.Part{Version: 1, Guard: "guard-2", Partner: "branch", Serial: 6, Text: teller}, "branch"), problem.Invalid},
			"another partner":       {signed(t, draft.Part{Version: 1, Guard: "guard-1", Partner: "other", Serial: 6, Text: teller}, "branch"), problem.Invalid},
			"another version":       {signed(t, draft.Part{Version: 2, Guard: "guard-1", Partner: "branch", Serial: 6, Text: teller}, "branch"), problem.Invalid},
			"too large":             {make([]byte, draft.MaxPart+1), problem.TooLarge},
		} {
			_, err := w.desk.Submit(t.Context(), "branch", test.data)
			code(t, err, test.want, name)
		}
		bundle, err := envelope.Seal(envelope.Bundle, part(6, teller), drafttest.Key("branch"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.desk.Submit(t.Context(), "branch", bundle.Encode())
		code(t, err, problem.Credentials, "a signature for something else")
		got, err := w.desk.Partner(t.Context(), "branch")
		if err != nil || got.Serial != 5 {
			t.Errorf("%+v: %v", got, err)
		}
	})
}

// TestPartSaysTooMuch: a partner speaks of its own subjects and objects, and of nothing
// that others have said.
func TestPartSaysTooMuch(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	w.admit("branch", "branch", "internet", "subjects", "objects")
	w.admit("only", "branch", "internet", "subjects")
	serial := uint64(0)
	for name, text := range map[string]string{
		"another zone's subject":          "subjects:\n  - id: intranet/teller\n    clearance: {confidentiality: 5}\n",
		"another zone's object":           "objects:\n  - id: intranet/vault\n    class: {confidentiality: 5, integrity: 1}\n",
		"another's subject":               "subjects:\n  - id: internet/portal\n    clearance: {confidentiality: 3}\n",
		"another's object":                "objects:\n  - id: internet/batch-answers\n    class: {confidentiality: 5, integrity: 1}\n",
		"a member of another's family":    "subjects:\n  - id: internet/person-000001\n    clearance: {confidentiality: 3}\n",
		"a family in another's":           "subjects:\n  - id: internet/person-1*\n    clearance: {confidentiality: 3}\n",
		"who it is in another zone":       "subjects:\n  - id: internet/teller\n    clearance: {confidentiality: 2}\n    proxies: {intranet: intranet/root}\n",
		"a name in another zone":          "objects:\n  - id: internet/in-tray\n    class: {confidentiality: 2, integrity: 1}\n    aliases: {intranet: intranet/credit-reports}\n",
		"another's credential":            "subjects:\n  - id: internet/teller\n    clearance: {confidentiality: 2}\n    credentials: [{api-key: a68d51f8538a3017a661e08ed4258336ab3aa17d75b425a76f1a2d341ef8b8d2}]\n",
		"a flow":                          "flows: []\n",
		"a case":                          "cases: []\n",
		"the term":                        "term: 2\n",
		"a zone":                          "zones: [{name: dmz, class: {confidentiality: 5, integrity: 1}}]\n",
		"what a flow calls another thing": "objects:\n  - id: internet/trap\n    class: {confidentiality: 3, integrity: 1}\n    aliases: {internet: internet/bureau-reports}\n",
		"what is no YAML":                 "subjects: [\n",
		"zero byte":                       "subjects: []\n# \x00",
	} {
		serial++
		_, err := w.desk.Submit(t.Context(), "branch", signed(t, part(serial, text), "branch"))
		code(t, err, problem.Invalid, name)
	}
	only := part(1, "objects: []\n")
	only.Partner = "only"
	_, err := w.desk.Submit(t.Context(), "only", signed(t, only, "branch"))
	code(t, err, problem.Invalid, "a list that it may not name")
	if got, err := w.desk.Partner(t.Context(), "branch"); err != nil || got.Serial != 0 {
		t.Errorf("a part that was refused has used its serial: %+v, %v", got, err)
	}
	if list, _, err := w.desk.List(t.Context(), store.Page{Limit: 10}); err != nil || len(list) != 1 {
		t.Errorf("%d drafts: %v", len(list), err)
	}
}

// TestPartTakesNoFlow: an alias of a partner's object does not take the place of another
// object that a flow names.
func TestPartTakesNoFlow(t *testing.T) {
	files := drafttest.Edited(t, bankFiles(t), "objects.yaml", "objects:\n", "objects:\n  - id: internet/thing\n    class: {confidentiality: 3, integrity: 1}\n")
	files = drafttest.Edited(t, files, "flows/login.yaml", "object: internet/bureau-sign-in", "object: internet/thing")
	folder, err := draft.NewFolder(files)
	if err != nil {
		t.Fatal(err)
	}
	partner := draft.Partner{Name: "branch", Zones: []string{"internet"}, Lists: []string{"objects"}}
	trap := "objects:\n  - id: internet/trap\n    class: {confidentiality: 3, integrity: 1}\n"
	if _, err := draft.Merge(folder, partner, trap); err != nil {
		t.Fatal(err)
	}
	_, err = draft.Merge(folder, partner, trap+"    aliases: {internet: internet/thing}\n")
	code(t, err, problem.Invalid, "an alias that is another object's id")
}

// TestNextPart: a part stands for all that its partner says, and keeps what security has
// added to it.
func TestNextPart(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	withProxy := strings.Replace(teller, "2}\n", "2}\n    proxies: {intranet: intranet/portal}\n", 1)
	w.publish(append(bankFiles(t), draft.File{Path: "partners/branch.yaml", Text: withProxy}))
	w.admit("branch", "branch", "internet", "subjects")
	if _, err := w.desk.Submit(t.Context(), "branch", signed(t, part(1, withProxy), "branch")); err != nil {
		t.Errorf("the proxy that is in force: %v", err)
	}
	_, err := w.desk.Submit(t.Context(), "branch", signed(t, part(2, strings.Replace(withProxy, "intranet/portal", "intranet/batch", 1)), "branch"))
	code(t, err, problem.Invalid, "another proxy")
	d, err := w.desk.Submit(t.Context(), "branch", signed(t, part(3, "subjects: []\n"), "branch"))
	if err != nil {
		t.Fatal(err)
	}
	if diff, err := w.desk.Difference(t.Context(), d.ID); err != nil || len(diff.Changes) != 1 || !told(diff, draft.Narrower, "subject internet/branch-teller is gone") {
		t.Errorf("%v\n%s", err, diff.Words())
	}
}

// TestDismissed: a partner that was dismissed, and admitted again, cannot have its old
// parts taken once more.
func TestDismissed(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	w.admit("branch", "branch", "internet", "subjects")
	sent := signed(t, part(3, teller), "branch")
	if _, err := w.desk.Submit(t.Context(), "branch", sent); err != nil {
		t.Fatal(err)
	}
	p, err := w.desk.ProposeDismissal(t.Context(), "branch")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.desk.CheckDismissal(t.Context(), p.Payload); err != nil {
		t.Error(err)
	}
	if _, err := w.desk.DismissPartner(t.Context(), p.Payload); err != nil {
		t.Error(err)
	}
	_, err = w.desk.Submit(t.Context(), "branch", signed(t, part(4, teller), "branch"))
	code(t, err, problem.Credentials, "a dismissed partner")
	if list, err := w.desk.Partners(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("%+v: %v", list, err)
	}
	w.admit("branch", "branch", "internet", "subjects")
	_, err = w.desk.Submit(t.Context(), "branch", sent)
	code(t, err, problem.Conflict, "an old part")
}

func TestAdmissionRefuses(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	good := draft.NewPartner{Name: "branch", Key: hex.EncodeToString(drafttest.Public("x")), Zones: []string{"internet"}, Lists: []string{"subjects"}}
	for name, change := range map[string]func(*draft.NewPartner){
		"name":      func(n *draft.NewPartner) { n.Name = "../x" },
		"key":       func(n *draft.NewPartner) { n.Key = "00" },
		"no zone":   func(n *draft.NewPartner) { n.Zones = nil },
		"zone":      func(n *draft.NewPartner) { n.Zones = []string{"moon"} },
		"two zones": func(n *draft.NewPartner) { n.Zones = []string{"internet", "internet"} },
		"list":      func(n *draft.NewPartner) { n.Lists = []string{"flows"} },
		"no list":   func(n *draft.NewPartner) { n.Lists = nil },
	} {
		n := good
		change(&n)
		_, err := w.desk.ProposeAdmission(t.Context(), n)
		code(t, err, problem.Invalid, name)
		payload, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.desk.AdmitPartner(t.Context(), payload)
		code(t, err, problem.Invalid, name)
	}
}

// TestTooManyParts: who has no key is turned away after a while, and so is a partner
// whose parts nobody looks at.
func TestTooManyParts(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	w.publish(bankFiles(t))
	w.admit("branch", "branch", "internet", "subjects")
	for serial := range uint64(10) {
		if _, err := w.desk.Submit(t.Context(), "branch", signed(t, part(serial+1, teller), "branch")); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.desk.Submit(t.Context(), "branch", signed(t, part(11, teller), "branch"))
	code(t, err, problem.TooMany, "the eleventh that waits")
	for range 30 {
		_, err = w.desk.Submit(t.Context(), "nobody", nil)
		code(t, err, problem.Credentials, "a stranger")
	}
	_, err = w.desk.Submit(t.Context(), "nobody", nil)
	code(t, err, problem.TooMany, "a stranger again")
}

// FuzzMerge: whatever a partner says, what others have said stays.
func FuzzMerge(f *testing.F) {
	folder, err := draft.NewFolder(bankFiles(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(teller)
	f.Add("subjects:\n  - id: internet/portal*\n    clearance: {confidentiality: 1}\nobjects: []\n")
	partner := draft.Partner{Name: "branch", Zones: []string{"internet"}, Lists: []string{"subjects", "objects"}}
	before := drafttest.Policy(f, bankFiles(f))
	f.Fuzz(func(t *testing.T, text string) {
		merged, err := draft.Merge(folder, partner, text)
		if err != nil {
			return
		}
		after := drafttest.Policy(t, merged)
		for i := range before.Subjects {
			if s := after.Subject(before.Subjects[i].ID); s == nil || s.Clearance != before.Subjects[i].Clearance {
				t.Errorf("%s was changed", before.Subjects[i].ID)
			}
		}
		if len(after.Flows) != len(before.Flows) || len(after.Zones) != len(before.Zones) {
			t.Error("more than subjects and objects was changed")
		}
		for i := range before.Flows {
			if after.Flows[i].Object != before.Flows[i].Object {
				t.Errorf("flow %s goes to %s", before.Flows[i].Name, after.Flows[i].Object)
			}
		}
	})
}
