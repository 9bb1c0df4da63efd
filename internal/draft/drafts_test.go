// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package draft_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dukou.dev/dukou/internal/draft"
	"dukou.dev/dukou/internal/draft/drafttest"
	"dukou.dev/dukou/internal/problem"
	"dukou.dev/dukou/internal/store"
	"dukou.dev/dukou/internal/store/storetest"
)

func TestDrafts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		d := w.upload(bankFiles(t))
		if d.Revision != 1 || d.Files != len(bankFiles(t)) || d.Author != "a" || d.Base != 0 {
			t.Errorf("%+v", d)
		}
		got, folder, err := w.desk.Get(t.Context(), d.ID)
		if err != nil || got != d || len(folder) != d.Files {
			t.Errorf("%+v, want %+v: %v", got, d, err)
		}
		w.pass(time.Second)
		next, err := w.desk.PutFile(t.Context(), d.ID, 1, draft.File{Path: "flows/more.yaml", Text: "flows: []\n"})
		if err != nil || next.Revision != 2 || next.Files != d.Files+1 || !next.Changed.Equal(d.Changed.Add(time.Second)) {
			t.Errorf("%+v: %v", next, err)
		}
		_, err = w.desk.PutFile(t.Context(), d.ID, 1, draft.File{Path: "x.yaml"})
		code(t, err, problem.Stale, "a change of what was read before another's")
		_, err = w.desk.DeleteFile(t.Context(), d.ID, 2, "not/there.yaml")
		code(t, err, problem.Unknown, "a file that is not there")
		if next, err = w.desk.DeleteFile(t.Context(), d.ID, 2, "flows/more.yaml"); err != nil || next.Revision != 3 || next.Files != d.Files {
			t.Errorf("%+v: %v", next, err)
		}
		if next, err = w.desk.Put(t.Context(), d.ID, 3, []draft.File{{Path: "a.yaml"}}); err != nil || next.Files != 1 || next.Size != 0 {
			t.Errorf("%+v: %v", next, err)
		}
		code(t, w.desk.Delete(t.Context(), d.ID, 3), problem.Stale, "to delete what was changed")
		if err := w.desk.Delete(t.Context(), d.ID, 4); err != nil {
			t.Error(err)
		}
		_, _, err = w.desk.Get(t.Context(), d.ID)
		code(t, err, problem.Unknown, "a deleted draft")
	})
}

// TestDraftList: every draft comes once, the latest first, whatever the pages are.
func TestDraftList(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w := newWorld(t, db)
		for i := range draft.MaxDrafts {
			if i%3 == 0 { // some have the same time
				w.pass(time.Millisecond)
			}
			w.upload([]draft.File{{Path: "a.yaml", Text: fmt.Sprint(i)}})
		}
		_, err := w.desk.Create(t.Context(), caller("a"), draft.New{Title: "one more", Origin: draft.FromUpload})
		code(t, err, problem.TooMany, "more drafts than there may be")
		seen := map[string]bool{}
		last, after := time.Now().Add(time.Hour), ""
		for {
			list, next, err := w.desk.List(t.Context(), store.Page{Limit: 7, After: after})
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range list {
				if seen[d.ID] || d.Created.After(last) {
					t.Errorf("%s is twice or out of order", d.ID)
				}
				seen[d.ID], last = true, d.Created
			}
			if after = next; next == "" {
				break
			}
		}
		if len(seen) != draft.MaxDrafts {
			t.Errorf("%d of %d", len(seen), draft.MaxDrafts)
		}
		_, _, err = w.desk.List(t.Context(), store.Page{Limit: 1, After: "1.x y"})
		code(t, err, problem.Invalid, "a cursor that no list gave")
	})
}

func TestDraftOrigins(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	_, err := w.desk.Create(t.Context(), caller("a"), draft.New{Title: "x", Origin: draft.FromForce})
	code(t, err, problem.Conflict, "nothing is in force")
	first := w.publish(bankFiles(t))
	second := w.publish(drafttest.Edited(t, bankFiles(t), "flows/query.yaml", "rate: 200/s", "rate: 100/s"))
	for name, test := range map[string]struct {
		made draft.New
		rate string
	}{
		"in force": {draft.New{Title: "x", Origin: draft.FromForce}, "rate: 100/s"},
		"version":  {draft.New{Title: "x", Origin: draft.FromVersion, Version: first.Version}, "rate: 200/s"},
	} {
		d, err := w.desk.Create(t.Context(), caller("a"), test.made)
		if err != nil {
			t.Fatal(err)
		}
		_, folder, err := w.desk.Get(t.Context(), d.ID)
		if text, _ := folder.Find("flows/query.yaml"); err != nil || !strings.Contains(text, test.rate) || d.Base != second.Version {
			t.Errorf("%s: base %d, no %s: %v", name, d.Base, test.rate, err)
		}
	}
	_, err = w.desk.Create(t.Context(), caller("a"), draft.New{Title: "x", Origin: draft.FromVersion, Version: 99})
	code(t, err, problem.Unknown, "a version that never was")
	_, err = w.desk.Create(t.Context(), caller("a"), draft.New{Title: "two\nlines", Origin: draft.FromForce})
	code(t, err, problem.Invalid, "a title of two lines")
}

func TestFolder(t *testing.T) {
	many := make([]draft.File, draft.MaxFiles+1)
	for i := range many {
		many[i].Path = fmt.Sprintf("%d.yaml", i)
	}
	big := strings.Repeat("x", draft.MaxFile)
	for name, test := range map[string]struct {
		files []draft.File
		want  problem.Code
	}{
		"above the folder":      {[]draft.File{{Path: "../a.yaml"}}, problem.Invalid},
		"absolute":              {[]draft.File{{Path: "/a.yaml"}}, problem.Invalid},
		"the folder itself":     {[]draft.File{{Path: "."}}, problem.Invalid},
		"nothing":               {[]draft.File{{}}, problem.Invalid},
		"hidden":                {[]draft.File{{Path: ".git/config"}}, problem.Invalid},
		"backslash":             {[]draft.File{{Path: `a\b.yaml`}}, problem.Invalid},
		"control character":     {[]draft.File{{Path: "a\x1b[2J.yaml"}}, problem.Invalid},
		"twice":                 {[]draft.File{{Path: "a.yaml"}, {Path: "a.yaml"}}, problem.Invalid},
		"a file as a directory": {[]draft.File{{Path: "a"}, {Path: "a/b.yaml"}}, problem.Invalid},
		"no text":               {[]draft.File{{Path: "a.yaml", Text: "\xff"}}, problem.Invalid},
		"zero byte":             {[]draft.File{{Path: "a.yaml", Text: "\x00"}}, problem.Invalid},
		"large file":            {[]draft.File{{Path: "a.yaml", Text: big + "x"}}, problem.Invalid},
		"large folder":          {[]draft.File{{Path: "a", Text: big}, {Path: "b", Text: big}, {Path: "c", Text: big}, {Path: "d", Text: big}, {Path: "e", Text: "x"}}, problem.TooLarge},
		"many files":            {many, problem.TooLarge},
	} {
		_, err := draft.NewFolder(test.files)
		code(t, err, test.want, name)
	}
	f, err := draft.NewFolder(bankFiles(t))
	if err != nil {
		t.Fatal(err)
	}
	if f, err = f.With(draft.File{Path: "zones.yaml", Text: "x"}); err != nil || len(f) != len(bankFiles(t)) {
		t.Errorf("%d files: %v", len(f), err)
	}
	if text, _ := f.Find("zones.yaml"); text != "x" {
		t.Errorf("the file is %q", text)
	}
}

func TestCheck(t *testing.T) {
	w := newWorld(t, storetest.SQLite(t))
	d := w.upload(bankFiles(t))
	c, err := w.desk.Check(t.Context(), d.ID)
	if err != nil || !c.Whole || c.Flows != 4 && c.Flows != 3 || c.Cases == 0 || len(c.Wrong) != 0 || len(c.Issuers) != 0 {
		t.Errorf("%+v: %v", c, err)
	}
	broken := w.upload(drafttest.Edited(t, bankFiles(t), "flows/query.yaml", "    from: internet", "    form: internet"))
	c, err = w.desk.Check(t.Context(), broken.ID)
	if err != nil || c.Whole || len(c.Wrong) == 0 || c.Wrong[0].File != "flows/query.yaml" || c.Wrong[0].Line == 0 || c.Wrong[0].Column == 0 {
		t.Errorf("%+v: %v", c, err)
	}
	if m := c.Wrong[0]; m.English != `key "from" is missing` || m.Chinese != `缺少键 "from"` {
		t.Errorf("%+v", m)
	}
	_, err = w.desk.Cases(t.Context(), broken.ID)
	code(t, err, problem.Invalid, "cases of what is not whole")
	if e, ok := errors.AsType[*problem.Error](err); !ok || len(e.Fields) != len(c.Wrong) || e.Fields[0].Detail != c.Wrong[0].English || e.Fields[0].Chinese != c.Wrong[0].Chinese {
		t.Errorf("%+v: %v", e, ok)
	}
	list, err := w.desk.Cases(t.Context(), d.ID)
	if err != nil || len(list) == 0 {
		t.Fatal(err)
	}
	for _, one := range list {
		if !one.OK || one.Where == "" || one.Expect != one.Got {
			t.Errorf("%+v", one)
		}
	}
}
