// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/parcel"
)

// tour shows what the installation does.
type tour struct {
	*Demo
	p       *Printer
	refused parcel.ID // the id that the person was told whose report stayed inside
}

// steps in the order of the story: what passes, what is refused, who gains nothing by
// being captured, what is left to read afterwards.
func (t *tour) steps() []step {
	return []step{
		{name: "query", title: "A person reads their own credit report", run: t.query},
		{name: "batch", title: "A file of questions goes in, the file of answers comes out", run: t.batch},
		{name: "level", title: "A report of too high a level stays inside", run: t.level},
		{name: "labels", title: "The internet front is captured: parcels without, with an old, with a stolen label", run: t.labels},
		{name: "forged-verdict", title: "The outer half is captured: it forges its verdicts", run: t.forgedVerdict},
		{name: "captured-inner", title: "The inner process of the guard is captured: it sends out what no front has made", run: t.capturedInner},
		{name: "recovery", title: "All are themselves again, and a query works", run: t.recovery},
		{name: "capture", title: "What is on the cable while a report crosses", run: t.capture},
		{name: "no-route", title: "A process in the place of each outer component looks for a way in", run: t.noRoute},
		{name: "explained", title: "The auditor looks up the id that the refused person was told", run: t.explained},
		{name: "audit", title: "Every log is verified", run: t.audit},
		{name: "tamper", title: "One byte of a copied log is changed", run: t.tamper},
	}
}

// Tour runs every step, whatever became of those before, and gives all results. It
// stops only with ctx.
func (d *Demo) Tour(ctx context.Context, p *Printer) []Result {
	t := &tour{Demo: d, p: p}
	var results []Result
	for _, s := range t.steps() {
		if ctx.Err() != nil {
			break
		}
		results = append(results, p.do(ctx, s))
	}
	return results
}

// query signs in on the portal's page, and asks the same once more as a program does.
func (t *tour) query(ctx context.Context) (string, error) {
	began := time.Now()
	page, err := t.Browse(ctx, Zhang())
	if err != nil {
		return "", fmt.Errorf("portal: %w", err)
	}
	t.p.line("%s signs in on the portal's page, as with a browser, and is shown a report  %s", Zhang().Name, since(began))
	r, detail, err := t.ask(ctx)
	if err != nil {
		return "", err
	}
	if !strings.Contains(page, r.Person.Name) || !strings.Contains(page, r.ID) {
		return "", fmt.Errorf("the portal's page does not show report %s of %s", r.ID, r.Person.Name)
	}
	return detail, nil
}

// ask puts a query through the internet front.
func (t *tour) ask(ctx context.Context) (Report, string, error) {
	bank := t.Bank()
	defer bank.Close()
	user := Zhang()
	began := time.Now()
	token, err := bank.SignIn(ctx, user)
	if err != nil {
		return Report{}, "", fmt.Errorf("sign in: %w", err)
	}
	t.p.line("POST /login as %s: the bureau, inside, gives a token  %s", user.Name, since(began))
	began = time.Now()
	r, err := bank.Report(ctx, token, user.Person)
	if err != nil {
		return Report{}, "", fmt.Errorf("report: %w", err)
	}
	t.p.line("GET /reports/%s: %s of %s, level %d, %d accounts  %s", user.Person, r.ID, r.Person.Name, r.Level, len(r.Accounts), since(began))
	if r.Person.ID != user.Person || r.Level != user.Level {
		return Report{}, "", fmt.Errorf("this is the report of %s with level %d, not of %s with level %d", r.Person.ID, r.Level, user.Person, user.Level)
	}
	return r, fmt.Sprintf("report %s of level %d was answered through two fronts and the three parts of the guard", r.ID, r.Level), nil
}

func since(t time.Time) string { return time.Since(t).Round(100 * time.Microsecond).String() }

const batchTimeout = 30 * time.Second

// batch drops a file into the watched directory and waits for the answer to it.
func (t *tour) batch(ctx context.Context) (string, error) {
	const people = "200"
	name := "questions-" + time.Now().Format("150405.000")
	request, answer := filepath.Join(t.Installation.Dir, "keys", name+".csv"), filepath.Join(t.Installation.Incoming(), name+".answer.csv")
	watch, err := fsnotify.NewWatcher()
	if err != nil {
		return "", err
	}
	defer watch.Close()
	if err := watch.Add(filepath.Dir(answer)); err != nil {
		return "", err
	}
	if _, err := t.bankTool(ctx, "request-file", "--out", request, "--people", people); err != nil {
		return "", err
	}
	began := time.Now()
	if err := dropIn(request, filepath.Join(t.Installation.Outgoing(), name+".csv")); err != nil {
		return "", err
	}
	t.p.line("%s.csv dropped into %s", name, t.Installation.Outgoing())
	if err := await(ctx, watch, answer, batchTimeout); err != nil {
		return "", err
	}
	t.p.line("%s.answer.csv appeared in %s  %s", name, t.Installation.Incoming(), since(began))
	said, err := t.bankTool(ctx, "check-answer", "--request", request, "--answer", answer)
	if err != nil {
		return "", err
	}
	return "the answer is " + said, nil
}

// dropIn puts a copy of a file into a watched directory, whole at once.
func dropIn(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	hidden := filepath.Join(filepath.Dir(to), "."+filepath.Base(to))
	if err := os.WriteFile(hidden, data, 0o600); err != nil {
		return err
	}
	return os.Rename(hidden, to)
}

// await waits until a file of the watched directory is there.
func await(ctx context.Context, w *fsnotify.Watcher, path string, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		select {
		case <-w.Events:
		case err := <-w.Errors:
			return err
		case <-ctx.Done():
			return fmt.Errorf("%s did not appear: %w", filepath.Base(path), ctx.Err())
		}
	}
}

// bankTool runs one of the example's own commands.
func (d *Demo) bankTool(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(d.options.Bin, "dukou-bank"), args...)
	cmd.Env = []string{}
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("dukou-bank %s: %w: %s", args[0], err, strings.TrimSpace(errOut.String()))
	}
	return strings.TrimSpace(out.String()), nil
}

func (t *tour) level(ctx context.Context) (string, error) {
	bank := t.Bank()
	defer bank.Close()
	user := Gao()
	token, err := bank.SignIn(ctx, user)
	if err != nil {
		return "", fmt.Errorf("sign in: %w", err)
	}
	began := time.Now()
	_, err = bank.Report(ctx, token, user.Person)
	var refused *Refusal
	if !errors.As(err, &refused) {
		return "", fmt.Errorf("the sealed report was not refused: %w", err)
	}
	t.p.line("GET /reports/%s: status %d, %s, id %s  %s", user.Person, refused.Status, refused.Code, refused.ID, since(began))
	if refused.Status != 403 || fault.Code(refused.Code) != fault.LabelLevel || refused.ID == "" {
		return "", fmt.Errorf("want status 403, %s and an id, got %w", fault.LabelLevel, refused)
	}
	if t.refused, err = parcel.ParseID(refused.ID); err != nil {
		return "", err
	}
	return fmt.Sprintf("a report of level %d may not enter a zone of level 3: %s, id %s", user.Level, refused.Code, refused.ID), nil
}
