// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package batch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/goleak"

	"dukou.dev/dukou/examples/bank/internal/people"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func book(t testing.TB) *people.Book {
	t.Helper()
	b, err := people.New(100, 1)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func desk(t *testing.T, dir string) *Desk {
	t.Helper()
	d, err := Open(dir, book(t), slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// put makes a request ready as the convention asks.
func put(t *testing.T, dir, name, content string) {
	t.Helper()
	hidden := filepath.Join(dir, requests, ".put")
	if err := os.WriteFile(hidden, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(hidden, filepath.Join(dir, requests, name)); err != nil {
		t.Fatal(err)
	}
}

// await waits until path is there and returns its content.
func await(t *testing.T, path string) string {
	t.Helper()
	w, err := fsnotify.NewWatcher()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Add(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	deadline := time.After(10 * time.Second)
	for {
		content, err := os.ReadFile(path)
		if err == nil {
			return string(content)
		}
		if !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		select {
		case <-w.Events:
		case <-deadline:
			t.Fatalf("%s did not appear", path)
		}
	}
}

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func TestAnswersWhatComes(t *testing.T) {
	dir := t.TempDir()
	d := desk(t, dir)
	put(t, dir, "before.csv", "person_id,purpose\nperson-000001,loan-review\n")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	await(t, filepath.Join(dir, answers, "before.answer.csv"))

	put(t, dir, "a.csv", "person_id,purpose\n"+
		"person-000001,loan-review\nperson-000007,self-inquiry\nperson-999999,loan-review\n"+
		"person-000002,curiosity\n\"=cmd()\",loan-review\nperson-000002,self-inquiry\n")
	p1, p2 := d.book.At(0), d.book.At(1)
	want := "person_id,name,score,level,status\n" +
		fmt.Sprintf("person-000001,张*,%d,3,ok\n", p1.Score) +
		"person-000007,,,,refused\nperson-999999,,,,no-such-person\n" +
		"person-000002,,,,bad-purpose\n,,,,invalid\n" +
		fmt.Sprintf("person-000002,王*,%d,3,ok\n", p2.Score)
	if got := await(t, filepath.Join(dir, answers, "a.answer.csv")); got != want {
		t.Errorf("answer:\n%s\nwant:\n%s", got, want)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := names(t, filepath.Join(dir, done)); got != "a.csv before.csv" {
		t.Errorf("done: %s", got)
	}
	if got := names(t, filepath.Join(dir, requests)); got != "" {
		t.Errorf("requests: %s", got)
	}
	if got := names(t, filepath.Join(dir, answers)); got != "a.answer.csv before.answer.csv" {
		t.Errorf("answers: %s", got)
	}
}

func TestOnlyReadyNames(t *testing.T) {
	dir := t.TempDir()
	d := desk(t, dir)
	for _, n := range []string{".hidden.csv", ".csv", "notes.txt", "x.csv.part"} {
		if err := os.WriteFile(filepath.Join(dir, requests, n), []byte("person_id,purpose\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := names(t, filepath.Join(dir, requests)); got != ".csv .hidden.csv notes.txt x.csv.part" {
		t.Errorf("requests: %s", got)
	}
	if got := names(t, filepath.Join(dir, answers)); got != "" {
		t.Errorf("answers: %s", got)
	}
}

func TestRejected(t *testing.T) {
	dir := t.TempDir()
	d := desk(t, dir)
	in := filepath.Join(dir, requests)
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("person_id,purpose\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"empty.csv":                             "",
		"noheader.csv":                          "person-000001,loan-review\n",
		"wide.csv":                              "person_id,purpose\nperson-000001,loan-review,x\n",
		"quote.csv":                             "person_id,purpose\n\"person-000001,loan-review\n",
		"rows.csv":                              "person_id,purpose\n" + strings.Repeat("x,y\n", maxRows+1),
		"large.csv":                             "person_id,purpose\n" + strings.Repeat("x", maxFile),
		strings.Repeat("n", maxName-3) + ".csv": "person_id,purpose\n",
	} {
		put(t, dir, name, content)
	}
	err := errors.Join(
		os.Symlink(outside, filepath.Join(in, "link.csv")),
		os.Mkdir(filepath.Join(in, "dir.csv"), 0o700),
		syscall.Mkfifo(filepath.Join(in, "pipe.csv"), 0o600),
	)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Fields(names(t, filepath.Join(dir, rejected))); len(got) != 10 {
		t.Errorf("rejected: %v", got)
	}
	if got := names(t, in) + names(t, filepath.Join(dir, answers)) + names(t, filepath.Join(dir, done)); got != "" {
		t.Errorf("elsewhere: %s", got)
	}
	// The same name again, once a directory lies there.
	put(t, dir, "dir.csv", "")
	if err := d.scan(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestANameIsAnsweredOnce(t *testing.T) {
	dir := t.TempDir()
	d := desk(t, dir)
	answer := filepath.Join(dir, answers, "a.answer.csv")
	const request = "person_id,purpose\nperson-000001,loan-review\n"
	again := func(content, wantRejected string) {
		t.Helper()
		put(t, dir, "a.csv", content)
		if err := d.scan(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := names(t, filepath.Join(dir, rejected)); got != wantRejected {
			t.Errorf("rejected: %q, want %q", got, wantRejected)
		}
	}
	again(request, "")
	if err := os.Remove(answer); err != nil { // whoever it is for has fetched it
		t.Fatal(err)
	}
	again(request, "")
	again(request+"person-000002,loan-review\n", "a.csv")
	if _, err := os.Stat(answer); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("answered again: %v", err)
	}
	if got, _ := os.ReadFile(filepath.Join(dir, done, "a.csv")); string(got) != request {
		t.Errorf("done holds %q", got)
	}
}

// TestKilledInBetween starts from each state that a kill can leave behind.
func TestKilledInBetween(t *testing.T) {
	const request = "person_id,purpose\nperson-000001,loan-review\n"
	right, _, err := answerTo(book(t), []byte(request))
	if err != nil {
		t.Fatal(err)
	}
	for name, state := range map[string]struct {
		in, hidden, out string // where the request lies, the hidden and the released answer
	}{
		"nothing done":    {requests, "", ""},
		"half an answer":  {requests, "person_id,na", ""},
		"answer written":  {requests, string(right), ""},
		"request done":    {done, string(right), ""},
		"answer released": {done, "", string(right)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d := desk(t, dir)
			write := func(sub, file, content string) {
				if content == "" {
					return
				}
				if err := os.WriteFile(filepath.Join(dir, sub, file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(state.in, "a.csv", request)
			write(answers, ".a.answer.csv", state.hidden)
			write(answers, "a.answer.csv", state.out)
			if err := errors.Join(d.recover(), d.scan(t.Context())); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(dir, answers, "a.answer.csv"))
			if err != nil || string(got) != string(right) {
				t.Errorf("answer %q, %v", got, err)
			}
			if all := names(t, filepath.Join(dir, answers)) + "|" + names(t, filepath.Join(dir, done)); all != "a.answer.csv|a.csv" {
				t.Errorf("files: %s", all)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	b := book(t)
	request, err := NewRequest(100)
	if err != nil {
		t.Fatal(err)
	}
	answer, _, err := answerTo(b, request)
	if err != nil {
		t.Fatal(err)
	}
	tally, err := Check(b, request, answer)
	if err != nil || tally.Rows != 100 || tally.OK+tally.Refused != 100 || tally.Refused == 0 {
		t.Errorf("%+v, %v", tally, err)
	}
	crlf := strings.ReplaceAll(string(answer), "\n", "\r\n")
	if _, err := Check(b, request, []byte(crlf)); err != nil {
		t.Errorf("the same rows with other line ends: %v", err)
	}
	for name, wrong := range map[string]string{
		"changed": strings.Replace(string(answer), "refused", "ok", 1),
		"short":   string(answer[:strings.LastIndex(string(answer[:len(answer)-1]), "\n")+1]),
		"long":    string(answer) + "person-000001,,,,refused\n",
		"empty":   "",
	} {
		if _, err := Check(b, request, []byte(wrong)); err == nil {
			t.Errorf("%s: taken for right", name)
		}
	}
	if _, err := NewRequest(maxRows + 1); err == nil {
		t.Error("a request of too many rows was made")
	}
}

// FuzzAnswer checks that whatever is asked, a sealed person's score does not come out
// and every row has the right width.
func FuzzAnswer(f *testing.F) {
	b := book(f)
	f.Add([]byte("person_id,purpose\nperson-000001,loan-review\nperson-000007,self-inquiry\n"))
	f.Add([]byte("person_id,purpose\n\"a\nb\",c\n"))
	f.Fuzz(func(t *testing.T, request []byte) {
		answer, tally, err := answerTo(b, request)
		if err != nil {
			return
		}
		if got, err := Check(b, request, answer); err != nil || got != tally {
			t.Errorf("%+v, %v", got, err)
		}
		if strings.Contains(string(answer), "person-000007,高") {
			t.Error("a sealed person came out")
		}
	})
}
