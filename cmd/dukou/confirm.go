// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/internal/fault"
)

// newConfirmCommand and newRollbackCommand end the time in which a publication waits.
func newConfirmCommand() *cobra.Command {
	return waitingCommand("confirm", "Confirm that the policy in force does what it should, so that it stays")
}

func newRollbackCommand() *cobra.Command {
	return waitingCommand("rollback", "Put back at once what was in force before a policy that is not confirmed")
}

// waitingCommand does something to the publication that waits to be confirmed.
func waitingCommand(verb, summary string) *cobra.Command {
	var at connection
	c := &cobra.Command{
		Use: verb + " [PUBLICATION]", Short: summary,
		Long: summary + `.

Without a publication's id it is the one that waits now (dukou policy in-force).`,
		Args: usage(cobra.MaximumNArgs(1)),
		RunE: func(c *cobra.Command, args []string) error {
			l, err := at.open(c)
			if err != nil {
				return err
			}
			defer l.Close()
			id := ""
			if len(args) > 0 {
				id = args[0]
			} else if id, err = l.waiting(); err != nil {
				return err
			}
			answer, _, err := l.read(&remote.Request{Method: http.MethodPost, Path: "/api/policies/" + url.PathEscape(id) + "/" + verb})
			if err != nil {
				return err
			}
			return at.tellPublication(l, answer)
		},
	}
	at.register(c)
	return c
}

// waiting is the id of the publication that waits to be confirmed.
func (l *link) waiting() (string, error) {
	var force struct {
		Waits *struct {
			ID string `json:"id"`
		} `json:"waits"`
	}
	if err := l.JSON(l.cmd.Context(), http.MethodGet, "/api/policies/in-force", nil, &force); err != nil {
		return "", err
	}
	if force.Waits == nil {
		return "", &exitError{fault.ExitRefused, errors.New("no publication waits to be confirmed")}
	}
	return force.Waits.ID, nil
}

func (c *connection) tellPublication(l *link, answer []byte) error {
	if done, err := c.asked(l.cmd.OutOrStdout(), answer); done {
		return err
	}
	var p struct {
		Version uint64 `json:"version"`
		State   string `json:"state"`
		Result  string `json:"result"`
	}
	if err := json.Unmarshal(answer, &p); err != nil {
		return fmt.Errorf("the center's answer: %w", err)
	}
	fmt.Fprintf(l.cmd.OutOrStdout(), "version %d is %s. %s\n", p.Version, remote.Printable(p.State), remote.Printable(p.Result))
	return nil
}
