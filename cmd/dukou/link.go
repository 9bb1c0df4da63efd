// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/internal/problem"
)

// asHost has calls made as the center's own host, without a session.
func (l *link) asHost() { l.Secret, l.session = "", remote.Session{} }

// call makes a call. When the center wants the second factor again it is shown, where
// there is someone or something to show it, and the call repeated.
func (l *link) call(r *remote.Request) (*remote.Answer, error) {
	answer, err := l.Call(l.cmd.Context(), r)
	if !isProblem(err, problem.FactorWanted) || l.session.Secret == "" {
		return answer, err
	}
	if shown := l.showFactor(); shown != nil {
		if errors.Is(shown, errNobodyThere) {
			return nil, err
		}
		return nil, shown
	}
	return l.Call(l.cmd.Context(), r)
}

// read makes a call as call does and reads the answer.
func (l *link) read(r *remote.Request) ([]byte, http.Header, error) {
	body, header, err := l.Read(l.cmd.Context(), r)
	if !isProblem(err, problem.FactorWanted) || l.session.Secret == "" {
		return body, header, err
	}
	if shown := l.showFactor(); shown != nil {
		if errors.Is(shown, errNobodyThere) {
			return nil, nil, err
		}
		return nil, nil, shown
	}
	return l.Read(l.cmd.Context(), r)
}

func isProblem(err error, code problem.Code) bool {
	p, ok := errors.AsType[*remote.Problem](err)
	return ok && p.Code == string(code)
}

// show asks the center, and has tell print what it answers; where JSON was asked for, it
// prints that.
func (c *connection) show(cmd *cobra.Command, path string, tell func(l *link, answer []byte) error) error {
	l, err := c.open(cmd)
	if err != nil {
		return err
	}
	defer l.Close()
	answer, _, err := l.read(&remote.Request{Method: http.MethodGet, Path: path})
	if err != nil {
		return err
	}
	if done, err := c.asked(cmd.OutOrStdout(), answer); done {
		return err
	}
	return tell(l, answer)
}

// asked prints an answer as JSON where that was asked for, and tells whether it was.
func (c *connection) asked(out io.Writer, answer []byte) (bool, error) {
	if !c.asJSON {
		return false, nil
	}
	text, err := indented(answer)
	if err != nil {
		return true, err
	}
	_, err = fmt.Fprintln(out, text)
	return true, err
}
