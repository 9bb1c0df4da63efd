// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package export_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/export"
	"dukou.dev/dukou/internal/store/storetest"
	"dukou.dev/dukou/test/golden"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

const parcel = "00112233445566778899aabbccddeeff"

// samples are entries of every kind, with what makes forms break.
func samples() []export.Entry {
	const at = 1_795_334_400_123 // 2026-11-22T08:00:00.123Z
	return []export.Entry{
		{Origin: "dukou/guard-inner", Index: 1, Time: at, Class: audit.ClassDecision, Parcel: parcel, Flow: "credit-query", Subject: "internet/person-000001", Object: "intranet/reports", Action: "query", Verdict: "allow", Protocol: "http", Leaf: "bGVhZg=="},
		{Origin: "dukou/guard-inner", Index: 2, Time: at, Class: audit.ClassDecision, Parcel: parcel, Flow: "credit-query", Subject: "internet/person-000001", Object: "intranet/reports", Action: "query", Verdict: "refuse", Reason: "label-level", Protocol: "http"},
		{Origin: "dukou/guard-outer", Index: 3, Time: at, Class: audit.ClassDecision, Parcel: parcel, Flow: "batch", Subject: "internet/机构甲", Object: "intranet/批量", Action: "put", Verdict: "refuse", Reason: "content-form", Protocol: "file"},
		{Origin: "dukou/front-intranet", Index: 4, Time: at, Class: audit.ClassDelivery, Parcel: parcel, Flow: "batch", Subject: "internet/机构甲", Object: "intranet/批量", Action: "put", Verdict: "received"},
		{Origin: "dukou/front-intranet", Index: 5, Time: at, Class: audit.ClassDelivery, Parcel: parcel, Flow: "credit-query", Subject: "internet/person-000001", Object: "intranet/reports", Action: "query", Verdict: "answered"},
		{Origin: "dukou/guard-inner", Index: 6, Time: at, Class: audit.ClassSession, Subject: "front-intranet", Action: "connect", Verdict: "info"},
		{Origin: "dukou/guard-inner", Index: 7, Time: at, Class: audit.ClassSession, Subject: "front-intranet", Action: "disconnect", Verdict: "info"},
		{Origin: "dukou/guard-inner", Index: 8, Time: at, Class: audit.ClassSession, Subject: "x", Action: "stay", Verdict: "refuse", Reason: "peer-unknown"},
		{Origin: "dukou/center", Index: 9, Time: at, Class: audit.ClassComponent, Subject: "front-a", Action: "start", Verdict: "info"},
		{Origin: "dukou/center", Index: 10, Time: at, Class: audit.ClassPolicy, Subject: "center", Action: "publish", Verdict: "allow", Object: "bundle/7"},
		{Origin: "dukou/center", Index: 11, Time: at, Class: audit.ClassHealth, Subject: "front-a", Action: "gather", Verdict: "refuse", Reason: "log-forked"},
		{Origin: "dukou/center", Index: 12, Time: at, Class: audit.ClassAdmin, Subject: "admin/wang", Action: "create-account", Object: "/api/accounts", Verdict: "allow", From: "10.1.2.3"},
		{Origin: "dukou/center", Index: 13, Time: at, Class: audit.ClassAdmin, Subject: "admin/wang", Action: "sign-in", Object: "/api/session", Verdict: "refuse", Reason: "credentials-wrong", From: "10.1.2.3"},
		{Origin: "dukou/center", Index: 14, Time: at, Class: audit.ClassAdmin, Subject: "host", Action: "list-things", Object: "/api/things", Verdict: "allow", From: "local"},
		{Origin: "dukou/center", Index: 15, Time: at, Class: audit.ClassAdmin, Subject: "admin/li", Action: "export-entries", Object: "/api/exports/entries", Verdict: "allow"},
		{Origin: "dukou/center", Index: 16, Time: at, Class: audit.ClassAdmin, Subject: "admin/li", Action: "grant-duty", Object: "/api/accounts/x/duty", Verdict: "begun"},
		{Origin: "dukou/center", Index: 17, Time: at, Class: audit.ClassForeign, Subject: "source/core", Action: "sshd", Object: "=cmd|' /C calc'!A0 \"q\" a=b\\c | 换行\n下一行\r\u2028\x00\x1b[31m 😀", Verdict: "info"},
		{Origin: "dukou/center", Index: 18, Time: at, Class: audit.ClassForeign, Subject: "＝全角", Action: "-x", Object: "\xff\xfe", Verdict: "failed", Reason: "@r"},
	}
}

// TestGolden: each form is the file that a person has looked at.
func TestGolden(t *testing.T) {
	for _, form := range []export.Form{export.Excel, export.CSV, export.NDJSON, export.OCSF, export.CEF} {
		var b bytes.Buffer
		w, err := export.NewWriter(&b, form, "1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range samples() {
			if err := w.Write(&e); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.End(); err != nil {
			t.Fatal(err)
		}
		golden.Hold(t, "testdata/entries."+string(form), b.Bytes())
	}
}

// TestExcel: the file begins with a mark, and no cell with what begins a formula.
func TestExcel(t *testing.T) {
	data, err := os.ReadFile("testdata/entries.excel")
	if err != nil {
		t.Fatal(err)
	}
	text, marked := bytes.CutPrefix(data, []byte("\xEF\xBB\xBF"))
	rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil || !marked || len(rows) != len(samples())+1 {
		t.Fatalf("%d rows, mark %t, %v", len(rows), marked, err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") || strings.HasPrefix(cell, "＝") {
				t.Errorf("cell %q", cell)
			}
		}
	}
	plain, err := os.ReadFile("testdata/entries.csv")
	if err != nil || bytes.HasPrefix(plain, []byte("\xEF\xBB\xBF")) {
		t.Errorf("the file for programs has a mark, %v", err)
	}
}

// required are the attributes that the schema asks for, by class: those of base_event and
// of the class itself with "requirement": "required", in events/ of ocsf/ocsf-schema at
// commit a5cfc68 (the same in v1.8.0); a|b stands for "at_least_one".
func required() map[int][]string {
	base := []string{"activity_id", "category_uid", "class_uid", "type_uid", "severity_id", "time", "metadata.version", "metadata.product.name"}
	return map[int][]string{
		0:    base,
		1008: base, // activity_id only
		3001: append(slices.Clone(base), "user.name"),
		3002: append(slices.Clone(base), "user.name", "service.name|dst_endpoint.name"),
		3005: append(slices.Clone(base), "user.name"),
		4002: append(slices.Clone(base), "http_request.url.path|http_response.code", "src_endpoint.name|dst_endpoint.name"),
		5019: append(slices.Clone(base), "device.type_id"),
		6002: append(slices.Clone(base), "app.name|app.uid"),
		6003: append(slices.Clone(base), "actor.user.name", "api.operation", "src_endpoint.name|src_endpoint.ip"),
		6006: append(slices.Clone(base), "actor.user.name", "file.name", "file.type_id", "src_endpoint.name|src_endpoint.ip"),
	}
}

// TestOCSF: every event has what its class asks for, and its ids fit one another.
func TestOCSF(t *testing.T) {
	seen := map[int]bool{}
	for _, e := range samples() {
		text, err := e.OCSF("1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		var m map[string]any
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		class := int(m["class_uid"].(float64))
		seen[class] = true
		needs, known := required()[class]
		if !known {
			t.Errorf("entry %d: class %d is not in the table", e.Index, class)
		}
		for _, need := range needs {
			if !slices.ContainsFunc(strings.Split(need, "|"), func(path string) bool { return has(m, path) }) {
				t.Errorf("entry %d, class %d: no %s in %s", e.Index, class, need, text)
			}
		}
		if got, want := m["type_uid"].(float64), m["class_uid"].(float64)*100+m["activity_id"].(float64); got != want {
			t.Errorf("entry %d: type %v, want %v", e.Index, got, want)
		}
		if int(m["category_uid"].(float64)) != class/1000 {
			t.Errorf("entry %d: category %v of class %d", e.Index, m["category_uid"], class)
		}
		if bytes.ContainsAny(text, "\r\n") || !utf8.Valid(text) {
			t.Errorf("entry %d: not one line of UTF-8", e.Index)
		}
	}
	for class := range required() {
		if !seen[class] {
			t.Errorf("no sample of class %d", class)
		}
	}
}

func has(m map[string]any, path string) bool {
	first, rest, deeper := strings.Cut(path, ".")
	v, ok := m[first]
	if !deeper {
		return ok && v != ""
	}
	inner, isObject := v.(map[string]any)
	return ok && isObject && has(inner, rest)
}

// FuzzCEF: whatever is in an entry, the line has its seven separators, is one line, and
// its values come back but for what cannot be written.
func FuzzCEF(f *testing.F) {
	for _, e := range samples() {
		f.Add(e.Subject, e.Object, e.Reason)
	}
	f.Add("a\\=b", "c|d\\", "\\n")
	f.Fuzz(func(t *testing.T, subject, object, reason string) {
		e := export.Entry{Origin: "dukou/x", Class: audit.ClassForeign, Subject: subject, Object: object, Reason: reason, Verdict: "info"}
		line := e.CEF("1|2\\3")
		for _, r := range line {
			if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
				t.Errorf("control character %U in %q", r, line)
			}
		}
		head, values, ok := readCEF(line)
		if !ok || len(head) != 7 || head[0] != "CEF:0" || head[3] != `1|2\3` {
			t.Fatalf("%q reads as %q", line, head)
		}
		if got, want := values["suser"], written(subject); got != want {
			t.Errorf("subject %q comes back as %q of %q", want, got, line)
		}
		if got, want := values["cs2"], written(object); got != want {
			t.Errorf("object %q comes back as %q of %q", want, got, line)
		}
	})
}

// written is what of a text can be written in a value.
func written(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r':
			return r
		case r == '\t':
			return ' '
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029:
			return '\uFFFD'
		default:
			return r
		}
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// readCEF reads a line by the format's rules, with code of its own.
func readCEF(line string) (head []string, values map[string]string, ok bool) {
	field := ""
	for len(head) < 7 {
		switch {
		case line == "":
			return head, nil, false
		case line[0] == '\\' && len(line) > 1:
			field, line = field+line[1:2], line[2:]
		case line[0] == '|':
			head, field, line = append(head, field), "", line[1:]
		default:
			field, line = field+line[:1], line[1:]
		}
	}
	values = map[string]string{}
	key, value, word := "", "", ""
	flush := func(next string) {
		if key != "" {
			values[key] = strings.TrimSuffix(value, " ")
		}
		key, value, word = next, "", ""
	}
	for line != "" {
		switch {
		case line[0] == '\\' && len(line) > 1:
			c := line[1:2]
			switch c {
			case "n":
				c = "\n"
			case "r":
				c = "\r"
			}
			value, word, line = value+c, word+"?", line[2:]
		case line[0] == '=':
			value = strings.TrimSuffix(value, word)
			flush(word)
			line = line[1:]
		case line[0] == ' ':
			value, word, line = value+" ", "", line[1:]
		default:
			value, word, line = value+line[:1], word+line[:1], line[1:]
		}
	}
	if key != "" {
		values[key] = value
	}
	return head, values, true
}

// TestFile: a file is cut at its limit, says so, and leaves out what is off.
func TestFile(t *testing.T) {
	x := export.Open(storetest.SQLite(t), export.Config{
		Version: "1", MayLeave: func(c audit.Class, _ string, _ int64) bool { return c != audit.ClassForeign },
	})
	find := func(fn func(*export.Entry) error) error {
		for _, e := range samples() {
			if err := fn(&e); err != nil {
				return err
			}
		}
		return nil
	}
	for limit, want := range map[int64]int64{0: 16, 16: 16, 15: 15, 1: 1} {
		var b bytes.Buffer
		rows, more, err := x.File(&b, export.NDJSON, limit, find)
		if err != nil || rows != want || more != (want < 16) || int64(bytes.Count(b.Bytes(), []byte("\n"))) != want {
			t.Errorf("limit %d: %d rows, more %t, %v", limit, rows, more, err)
		}
	}
	if _, _, err := x.File(&bytes.Buffer{}, "xml", 0, find); err == nil {
		t.Error("a file in a form that there is not")
	}
}
