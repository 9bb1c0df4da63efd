// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/cmd/dukou/internal/table"
	"dukou.dev/dukou/internal/fault"
)

// lookEvery is how often a rehearsal is asked how far it is.
const lookEvery = 500 * time.Millisecond

// rehearsal is what this command line needs of one.
type rehearsal struct {
	ID       string `json:"id"`
	State    string `json:"state"` // running, finished, cancelled, failed, interrupted
	Progress struct {
		Percent float64 `json:"percent"`
		Decided uint64  `json:"decided"`
	} `json:"progress"`
	SecondsLeft float64 `json:"secondsLeft"`
	Error       string  `json:"error"`
}

func newRehearseCommand() *cobra.Command {
	var at connection
	var since, until string
	var wait bool
	c := &cobra.Command{
		Use:   "rehearse DRAFT [--since TIME] [--until TIME] [--wait]",
		Short: "Decide recorded decisions anew by a draft, and list those that would be others",
		Long: `Rehearse replays recorded decisions against a draft. What holds a value that was kept out of
the records, or whose key was destroyed, is not decided and not guessed; it is counted apart.

One rehearsal runs at a time, at the center; it goes on when this command ends. With --wait the
command shows how far it is, and in the end what it found (dukou policy rehearsal show).`,
		Args: usage(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			in := map[string]any{"draft": args[0]}
			for name, text := range map[string]string{"since": since, "until": until} {
				t, err := moment(text)
				if err != nil {
					return &exitError{fault.ExitUsage, fmt.Errorf("--%s: %w", name, err)}
				}
				if !t.IsZero() {
					in[name] = t.Format(time.RFC3339Nano)
				}
			}
			l, err := at.open(c)
			if err != nil {
				return err
			}
			defer l.Close()
			body, err := json.Marshal(in)
			if err != nil {
				return err
			}
			answer, _, err := l.read(&remote.Request{Method: http.MethodPost, Path: "/api/rehearsals", Type: "application/json", Body: body})
			if err == nil && wait {
				answer, err = l.awaitRehearsal(answer)
			}
			if err != nil {
				return err
			}
			return at.tellRehearsal(l, answer)
		},
	}
	at.register(c)
	c.Flags().StringVar(&since, "since", "", "decisions from then on: time (RFC 3339) or age (12h); a day when it is left out")
	c.Flags().StringVar(&until, "until", "", "decisions before then: time (RFC 3339) or age (15m)")
	c.Flags().BoolVar(&wait, "wait", false, "wait for its end and show what it found")
	return c
}

// awaitRehearsal asks a rehearsal how far it is until it has ended, and tells that where
// somebody looks.
func (l *link) awaitRehearsal(answer []byte) ([]byte, error) {
	talk := l.cmd.ErrOrStderr()
	shown := isTerminal(talk)
	for {
		var r rehearsal
		if err := json.Unmarshal(answer, &r); err != nil {
			return nil, fmt.Errorf("the center's answer: %w", err)
		}
		if shown {
			fmt.Fprintf(talk, "\r%5.1f %%, %d decided, %s left \x1b[K", r.Progress.Percent, r.Progress.Decided, time.Duration(r.SecondsLeft*float64(time.Second)).Round(time.Second))
		}
		if r.State != "running" {
			if shown {
				fmt.Fprintln(talk)
			}
			return answer, nil
		}
		select {
		case <-l.cmd.Context().Done():
			fmt.Fprintf(talk, "\nit goes on: dukou policy rehearsal show %s, or cancel\n", remote.Printable(r.ID))
			return nil, l.cmd.Context().Err()
		case <-time.After(lookEvery):
		}
		var err error
		if answer, _, err = l.read(&remote.Request{Method: http.MethodGet, Path: "/api/rehearsals/" + url.PathEscape(r.ID)}); err != nil {
			return nil, err
		}
	}
}

// tellRehearsal prints a rehearsal; one that has failed is an error.
func (c *connection) tellRehearsal(l *link, answer []byte) error {
	out := l.cmd.OutOrStdout()
	v, err := table.Parse(answer)
	if err != nil {
		return fmt.Errorf("the center's answer: %w", err)
	}
	done, err := c.asked(out, answer)
	if !done {
		err = table.Show(out, v)
	}
	if err != nil {
		return err
	}
	var r rehearsal
	if err := json.Unmarshal(answer, &r); err != nil {
		return err
	}
	switch r.State {
	case "running":
		fmt.Fprintf(l.cmd.ErrOrStderr(), "How far it is: dukou policy rehearsal show %s\n", remote.Printable(r.ID))
		return nil
	case "finished":
		return nil
	default:
		return fmt.Errorf("the rehearsal was %s: %s", remote.Printable(r.State), remote.Printable(r.Error))
	}
}
