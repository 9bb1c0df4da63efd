// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package batch answers the bureau's batch requests, which come and go as CSV files in
// a directory:
//
//	requests/NAME.csv            put there by rename; names with a leading dot are not ready
//	answers/NAME.answer.csv      appears by rename
//	done/NAME.csv                the request, answered
//	rejected/NAME.csv            what is no request
//
// Each name is answered once, also when the process is killed: the answer is first
// written under a dot name, then the request goes to done, then the answer gets its
// name. So a dot answer is to be released exactly if its request is in done.
package batch

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"strings"
	"syscall"

	"dukou.dev/dukou/examples/bank/internal/people"
)

const (
	requests = "requests"
	answers  = "answers"
	done     = "done"
	rejected = "rejected"

	requestSuffix = ".csv"
	answerSuffix  = ".answer.csv"

	maxName = 200     // bytes
	maxFile = 8 << 20 // bytes
)

// errNotRequest says that a file is no request and why; it is rejected.
var errNotRequest = errors.New("not a request")

// Desk is one batch directory and the books to answer from.
type Desk struct {
	dir  string
	root *os.Root
	book *people.Book
	log  *slog.Logger
}

// Open opens a batch directory and makes what is missing in it. Only one desk may
// work in a directory at a time.
func Open(dir string, book *people.Book, log *slog.Logger) (*Desk, error) {
	for _, sub := range []string{requests, answers, done, rejected} {
		if err := os.MkdirAll(path.Join(dir, sub), 0o770); err != nil {
			return nil, fmt.Errorf("open the batch directory: %w", err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the batch directory: %w", err)
	}
	return &Desk{dir: dir, root: root, book: book, log: log}, nil
}

// Close ends the use of the directory.
func (d *Desk) Close() error { return d.root.Close() }

// serve answers the request of that name, or rejects it.
func (d *Desk) serve(name string) error {
	request, err := d.read(requests, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // taken back since it was listed
	case errors.Is(err, errNotRequest):
		return d.reject(name, err)
	case err != nil:
		return err
	}
	earlier, err := d.read(done, name)
	switch {
	case err == nil && bytes.Equal(earlier, request):
		d.log.Info("batch request came again", "name", name)
		return d.remove(requests, name)
	case err == nil:
		return d.reject(name, fmt.Errorf("%w: its name was used for another", errNotRequest))
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	answer, tally, err := answerTo(d.book, request)
	if err != nil {
		return d.reject(name, err)
	}
	if err := d.release(name, answer); err != nil {
		return fmt.Errorf("answer %s: %w", name, err)
	}
	d.log.Info("batch answered", "name", name, "rows", tally.Rows, "ok", tally.OK, "refused", tally.Refused)
	return nil
}

// release does the three steps that make an answer come out once.
func (d *Desk) release(name string, answer []byte) error {
	hidden := path.Join(answers, hiddenAnswer(name))
	if err := d.write(hidden, answer); err != nil {
		return err
	}
	if err := d.rename(path.Join(requests, name), path.Join(done, name)); err != nil {
		return err
	}
	return d.rename(hidden, path.Join(answers, answerName(name)))
}

// recover finishes or forgets the answers that an earlier process left hidden.
func (d *Desk) recover() error {
	names, err := d.list(answers)
	if err != nil {
		return err
	}
	for _, n := range names {
		stem, ok := strings.CutSuffix(n, answerSuffix)
		if !ok || !strings.HasPrefix(n, ".") {
			continue
		}
		request := stem[1:] + requestSuffix
		_, err := d.root.Lstat(path.Join(done, request))
		switch {
		case err == nil:
			err = d.rename(path.Join(answers, n), path.Join(answers, answerName(request)))
		case errors.Is(err, fs.ErrNotExist):
			err = d.remove(answers, n)
		}
		if err != nil {
			return fmt.Errorf("recover the answer %s: %w", n, err)
		}
	}
	return nil
}

func (d *Desk) reject(name string, why error) error {
	d.log.Warn("batch request rejected", "name", name, "why", why)
	target := path.Join(rejected, name)
	if err := d.root.RemoveAll(target); err != nil {
		return fmt.Errorf("reject %s: %w", name, err)
	}
	return d.rename(path.Join(requests, name), target)
}

func answerName(request string) string {
	return strings.TrimSuffix(request, requestSuffix) + answerSuffix
}

func hiddenAnswer(request string) string { return "." + answerName(request) }

// ready reports whether a name in requests is meant to be answered.
func ready(name string) bool {
	return strings.HasSuffix(name, requestSuffix) && !strings.HasPrefix(name, ".")
}

// read returns a whole regular file, or errNotRequest for what is none or too large.
func (d *Desk) read(dir, name string) ([]byte, error) {
	if len(name) > maxName {
		return nil, fmt.Errorf("%w: its name is longer than %d bytes", errNotRequest, maxName)
	}
	at := path.Join(dir, name)
	info, err := d.root.Lstat(at)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: no regular file", errNotRequest)
	}
	// Not to wait, should a pipe have taken its place meanwhile.
	f, err := d.root.OpenFile(at, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", at, err)
	}
	if len(content) > maxFile {
		return nil, fmt.Errorf("%w: larger than %d bytes", errNotRequest, maxFile)
	}
	return content, nil
}
