// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package report_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"dukou.dev/dukou/internal/account"
	"dukou.dev/dukou/internal/audit"
	"dukou.dev/dukou/internal/audit/reader"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/report"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
	"dukou.dev/dukou/test/golden"
)

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }

func auditor() account.Caller { return account.Caller{Account: "a", Name: "shen", Duty: account.Audit} }

// rig is reports with a real journal.
type rig struct {
	*report.Reports
	t       *testing.T
	dir     string
	journal *audit.Journal
	now     time.Time
	asked   [][2]time.Time
	numbers report.Numbers
	fail    error
}

func open(t *testing.T, db *store.DB, font []byte) *rig {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := audit.NewSigner("dukou/center", key)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, dir: t.TempDir(), now: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), numbers: sample("plain")}
	if r.journal, err = audit.Open(audit.Config{Dir: r.dir, Origin: "dukou/center", Signer: signer}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.journal.Close(); err != nil {
			t.Error(err)
		}
	})
	r.Reports, err = report.Open(db, report.Config{
		Numbers: func(_ context.Context, from, to time.Time) (report.Numbers, error) {
			r.asked = append(r.asked, [2]time.Time{from, to})
			return r.numbers, r.fail
		},
		Font: font, Record: r.journal.Append, Tell: func(string, string) {}, Now: func() time.Time { return r.now }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// sample are numbers, in which a text stands wherever others choose one.
func sample(text string) report.Numbers {
	at := time.Date(2026, 11, 21, 3, 4, 5, 0, time.UTC)
	return report.Numbers{
		Classes:    []report.Count{{Name: "decision", Count: 1234567}},
		Flows:      []report.Flow{{Name: "credit-query", Passed: 1200, Refused: 3, Bytes: 1 << 40}, {Name: text, Passed: 1, Bytes: -1}},
		Reasons:    []report.Count{{Name: "label-level", Count: 3}},
		Acts:       []report.Act{{At: at, Who: "admin/" + text, Act: "create-account", Object: "/api/accounts", Verdict: "allow"}},
		ActsTotal:  900,
		Logins:     []report.Login{{Account: "admin/shen", Done: 4, Refused: 1, Last: at}, {Account: text}},
		Components: []report.Component{{Name: "front-a", Role: "front", Zone: "internet", State: "current", Bundle: 7, Ends: at}},
		Findings:   []report.Finding{{Title: text, Severity: 3, Owner: "system", State: "mending", Due: at, Overdue: true}},
		Logs:       []report.Log{{Origin: "front-a", Entries: 99, Verified: 99, Witnessed: 98, State: "proven"}},
	}
}

func (r *rig) make(l report.Language) report.Report {
	r.t.Helper()
	made, err := r.Make(r.t.Context(), auditor(), r.now.Add(-48*time.Hour), r.now.Add(-24*time.Hour), l)
	if err != nil {
		r.t.Fatal(err)
	}
	return made
}

func (r *rig) file(id, form string) []byte {
	r.t.Helper()
	data, err := r.File(r.t.Context(), id, form)
	if err != nil {
		r.t.Fatal(err)
	}
	return data
}

// TestRecorded: the SHA-256 of each file is in the log, and a file that is not the one
// is not given away.
func TestRecorded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		r := open(t, db, nil)
		made := r.make(report.English)
		if err := r.journal.Flush(); err != nil {
			t.Fatal(err)
		}
		recorded := map[string]bool{}
		if err := reader.Show(r.dir, reader.Filter{}, func(e reader.Entry) error {
			recorded[e.Leaf.Subject+" "+e.Leaf.Object] = true
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		for _, form := range []string{"html", "pdf"} {
			sum := sha256.Sum256(r.file(made.ID, form))
			if want := "admin/shen report/" + made.ID + "/" + form + "/sha256/" + hex.EncodeToString(sum[:]); !recorded[want] {
				t.Errorf("%q is not recorded: %v", want, recorded)
			}
		}
		if _, err := db.ExecContext(t.Context(), `UPDATE reports SET html = $1`, []byte("<p>all is well")); err != nil {
			t.Fatal(err)
		}
		if _, err := r.File(t.Context(), made.ID, "html"); err == nil {
			t.Error("a forged file is given away")
		}
		list, next, err := r.List(t.Context(), "", 1)
		if err != nil || len(list) != 1 || next != "" || list[0] != made {
			t.Errorf("%+v, %+v, %v", list, made, err)
		}
		r.now = made.Ends.Add(time.Millisecond)
		if err := r.Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Get(t.Context(), made.ID); problem.CodeOf(err) != problem.Unknown {
			t.Errorf("after its time: %v", err)
		}
	})
}

// TestGolden: both languages are as a person has looked at them, and the same numbers are
// the same bytes.
func TestGolden(t *testing.T) {
	for _, l := range []report.Language{report.Chinese, report.English} {
		r := open(t, storetest.SQLite(t), nil)
		if _, err := r.SetSettings(t.Context(), report.Settings{Unit: "Bank <of> Examples", Zone: "Asia/Shanghai"}, 0); err != nil {
			t.Fatal(err)
		}
		made := r.make(l)
		got := bytes.ReplaceAll(r.file(made.ID, "html"), []byte(made.ID), []byte("ID"))
		golden.Hold(t, "testdata/report."+string(l)+".html", got)
	}
}

// hostile are texts that want to be something else.
func hostile() []string {
	return []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{.Style}}`, "</style><style>", "javascript:alert(1)", "\x00\x1b[31m", "\u202egnp.exe", "😀\U0010ffff", strings.Repeat("长", 5000), "\xff",
	}
}

// TestHostile: what others chose stays text: no element, attribute or style comes of it,
// and the page allows no script whatever it holds.
func TestHostile(t *testing.T) {
	r := open(t, storetest.SQLite(t), nil)
	plain := elements(t, r.file(r.make(report.English).ID, "html"))
	for _, text := range hostile() {
		r.numbers = sample(text)
		made := r.make(report.English)
		page := r.file(made.ID, "html")
		if got := elements(t, page); got != plain {
			t.Errorf("%.40q changes the page:\n%s\n%s", text, got, plain)
		}
		if !bytes.Contains(page, []byte("default-src &#39;none&#39;")) || bytes.Contains(page, []byte("\x1b")) || bytes.Contains(page, []byte("\u202e")) {
			t.Errorf("%.40q: %.600s", text, page)
		}
		if made.PDF == "" && made.Lacks == "" {
			t.Errorf("%.40q: no PDF, and no word of it", text)
		}
	}
}

// elements are the elements of a page with their attributes, in order.
func elements(t *testing.T, page []byte) string {
	t.Helper()
	root, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			b.WriteString("<" + n.Data)
			for _, a := range n.Attr {
				b.WriteString(" " + a.Key + "=" + a.Val)
			}
		}
	}
	return b.String()
}

// TestPDF: without a font there is one in Latin letters only, and otherwise a word of
// what is missing.
func TestPDF(t *testing.T) {
	r := open(t, storetest.SQLite(t), nil)
	made := r.make(report.English)
	first := r.file(made.ID, "pdf")
	if !bytes.HasPrefix(first, []byte("%PDF-")) || made.Lacks != "" {
		t.Errorf("%.20q, %q", first, made.Lacks)
	}
	r.numbers.Acts = nil
	for range 150 {
		r.numbers.Acts = append(r.numbers.Acts, report.Act{At: r.now, Who: strings.Repeat("w", 300), Act: "a", Object: "o", Verdict: strings.Repeat("W", 300)})
	}
	if long := r.file(r.make(report.English).ID, "pdf"); bytes.Count(long, []byte("/Type /Page\n")) < 25 {
		t.Errorf("%d pages of %d bytes", bytes.Count(long, []byte("/Type /Page\n")), len(long))
	}
	made = r.make(report.Chinese)
	if made.PDF != "" || !strings.Contains(made.Lacks, "-font") {
		t.Errorf("%+v", made)
	}
	if _, err := r.File(t.Context(), made.ID, "pdf"); problem.CodeOf(err) != problem.Unknown || !strings.Contains(err.Error(), "-font") {
		t.Error(err)
	}
	for name, font := range map[string][]byte{"short": []byte("x"), "collection": append([]byte("ttcf"), make([]byte, 20)...), "other": make([]byte, 20)} {
		if _, err := report.Open(storetest.SQLite(t), report.Config{Font: font}); err == nil {
			t.Errorf("%s: taken for a font", name)
		}
	}
}

// chineseFont is Debian's fonts-droid-fallback, or the one that the environment names.
func chineseFont(t *testing.T) []byte {
	t.Helper()
	name := os.Getenv("DUKOU_TEST_FONT")
	if name == "" {
		name = "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"
	}
	font, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("no TrueType font with Chinese here: on Debian, apt-get install fonts-droid-fallback, or set DUKOU_TEST_FONT")
	}
	if err != nil {
		t.Fatal(err)
	}
	return font
}

// TestChinesePDF: with a font there is a PDF in Chinese, which has the font's letters in it.
func TestChinesePDF(t *testing.T) {
	r := open(t, storetest.SQLite(t), chineseFont(t))
	for _, text := range append(hostile(), "机构甲") {
		r.numbers = sample(text)
		made := r.make(report.Chinese)
		if data := r.file(made.ID, "pdf"); made.Lacks != "" || !bytes.HasPrefix(data, []byte("%PDF-")) || !bytes.Contains(data, []byte("/FontFile2")) || !bytes.Contains(data, []byte("/Helvetica")) || len(data) > 1<<20 {
			t.Errorf("%.20q: %d bytes, %q", text, len(data), made.Lacks)
		}
	}
}

// TestSchedules: reports are made of the right days, in the zone, once each, in turn
// after the center was away; one that fails is tried again and holds up no other.
func TestSchedules(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		r := open(t, db, nil)
		zone := time.FixedZone("", 8*3600)
		at := func(month time.Month, day, hour int) time.Time {
			return time.Date(2026, month, day, hour, 0, 0, 0, zone)
		}
		r.now = at(11, 22, 16) // a Sunday
		next := map[report.Every]time.Time{report.Daily: at(11, 23, 2), report.Weekly: at(11, 23, 2), report.Monthly: at(12, 1, 2)}
		for every, want := range next {
			s, err := r.AddSchedule(ctx, auditor(), report.Schedule{Every: every, Hour: 2, Language: report.English})
			if err != nil || !s.Next.Equal(want) {
				t.Errorf("%s: next %v, want %v, %v", every, s.Next, want, err)
			}
		}
		r.now = at(11, 23, 1)
		r.turn()
		if len(r.asked) != 0 {
			t.Errorf("made before its time: %v", r.asked)
		}
		r.now = at(11, 23, 3)
		r.fail = errors.New("no numbers")
		r.turn()
		all, err := r.Schedules(ctx)
		if err != nil || len(r.asked) != 2 {
			t.Fatal(len(r.asked), err)
		}
		for _, s := range all {
			if (s.Failure != "") != (s.Every != report.Monthly) {
				t.Errorf("%+v", s)
			}
		}
		r.fail, r.asked = nil, nil
		r.now = at(11, 25, 1) // two days later
		for range 4 {
			r.turn()
		}
		wantAsked(t, r.asked, map[[2]time.Time]int{{at(11, 22, 0), at(11, 23, 0)}: 1, {at(11, 23, 0), at(11, 24, 0)}: 1, {at(11, 16, 0), at(11, 23, 0)}: 1})
		r.asked = nil
		r.now = at(12, 1, 3)
		for range 8 {
			r.turn()
		}
		month := 0
		for _, p := range r.asked {
			if p[0].Equal(at(11, 1, 0)) && p[1].Equal(at(12, 1, 0)) {
				month++
			}
		}
		list, _, err := r.List(ctx, "", 500)
		if month != 1 || err != nil || len(list) != 3+len(r.asked) || list[0].MadeBy != "center" || list[0].Schedule == "" {
			t.Errorf("%d of the month, %d reports, %v", month, len(list), err)
		}
		for _, s := range all {
			if err := r.EndSchedule(ctx, s.ID); err != nil {
				t.Error(err)
			}
		}
		if err := r.EndSchedule(ctx, all[0].ID); problem.CodeOf(err) != problem.Unknown {
			t.Error(err)
		}
	})
}

func (r *rig) turn() {
	r.t.Helper()
	if err := r.Turn(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

func wantAsked(t *testing.T, asked [][2]time.Time, want map[[2]time.Time]int) {
	t.Helper()
	for period, n := range want {
		got := 0
		for _, p := range asked {
			if p[0].Equal(period[0]) && p[1].Equal(period[1]) {
				got++
			}
		}
		if got != n {
			t.Errorf("%v is made %d times, want %d", period, got, n)
		}
	}
	if len(asked) != len(want) {
		t.Errorf("made of %v", asked)
	}
}

func TestRefused(t *testing.T) {
	r := open(t, storetest.SQLite(t), nil)
	for _, p := range [][2]time.Duration{{-time.Hour, time.Hour}, {-time.Hour, -time.Hour}, {-401 * 24 * time.Hour, 0}} {
		if _, err := r.Make(t.Context(), auditor(), r.now.Add(p[0]), r.now.Add(p[1]), report.English); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%v: %v", p, err)
		}
	}
	if _, err := r.Make(t.Context(), auditor(), r.now.Add(-time.Hour), r.now, "de"); problem.CodeOf(err) != problem.Invalid {
		t.Error(err)
	}
	for _, s := range []report.Settings{{Zone: "Mars"}, {Zone: ""}, {Zone: "../etc/passwd"}, {Zone: "UTC", Unit: "a\nb"}, {Zone: "UTC", Unit: strings.Repeat("x", 101)}} {
		if _, err := r.SetSettings(t.Context(), s, 0); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if _, err := r.SetSettings(t.Context(), report.Settings{Zone: "UTC"}, 3); problem.CodeOf(err) != problem.Stale {
		t.Error(err)
	}
	for _, s := range []report.Schedule{{Every: "hourly", Language: report.English}, {Every: report.Daily, Hour: 24, Language: report.English}, {Every: report.Daily}} {
		if _, err := r.AddSchedule(t.Context(), auditor(), s); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%+v: %v", s, err)
		}
	}
}
