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
	"dukou.dev/dukou/cmd/dukou/internal/table"
	"dukou.dev/dukou/internal/fault"
)

// proposal is what this command line needs of an act of two persons.
type proposal struct {
	ID      string          `json:"id"`
	Kind    string          `json:"kind"`
	Title   string          `json:"title"`
	Payload json.RawMessage `json:"payload"`
	Digest  string          `json:"digest"`
	State   string          `json:"state"`
	Result  string          `json:"result"`
}

// The kinds of proposals of which this command line knows more than that they are there.
const (
	kindPublish = "publish-policy"
	kindAdmit   = "admit-component"
	kindRelease = "release-quarantined"
)

// voteFlags are a vote on a proposal.
type voteFlags struct {
	connection
	digest, reason, compared, key string
	approve                       bool
}

func newProposalCommand() *cobra.Command {
	c := newGroupCommand("proposal", groupSummary("proposal"))
	c.Long = `What is hard to take back is done by two persons of one duty: one proposes, another one looks
at the same difference and approves. Nobody approves what they have proposed.

  dukou inbox                        what waits for you
  dukou proposal show ID             what it is, and what changes
  dukou proposal approve ID          do it`
	approve := &cobra.Command{
		Use: "approve ID [--key FILE]", Short: "Approve what another administrator of your duty has proposed",
		Long: `Approve shows the proposal with the difference that its proposer saw, and asks you to type the
beginning of its id. It is done at once, or at its time.

A publication of policy is approved by a signature: --key names your approver key, which
never leaves this machine. What is signed is fetched, held against the digests of the
proposal, compiled here, and shown. So is a release from quarantine.

In a script, --digest names the digest of the proposal that you have seen (dukou proposal
show), instead of typing.`,
	}
	refuse := &cobra.Command{
		Use: "refuse ID --reason TEXT", Short: "Refuse what another administrator of your duty has proposed",
		Long: `Refuse also takes back what is approved and waits for its time.`,
	}
	for _, vote := range []*cobra.Command{approve, refuse} {
		f := &voteFlags{approve: vote == approve}
		f.register(vote)
		vote.Args = usage(cobra.ExactArgs(1))
		vote.RunE = func(c *cobra.Command, args []string) error { return f.run(c, args[0]) }
		vote.Flags().StringVar(&f.digest, "digest", "", "digest of the proposal that you have seen, instead of typing its id")
		vote.Flags().StringVar(&f.reason, "reason", "", "why")
		c.AddCommand(vote)
		if f.approve {
			vote.Flags().StringVar(&f.compared, "compared", "", "what you have read elsewhere, as the fingerprint on a component's own screen")
			vote.Flags().StringVar(&f.key, "key", "", "your approver key, for what is approved by signing it")
		}
	}
	return c
}

func (f *voteFlags) run(c *cobra.Command, id string) error {
	if !f.approve && f.reason == "" {
		return &exitError{fault.ExitUsage, errors.New("give --reason TEXT: who proposed it wants to know why not")}
	}
	l, err := f.open(c)
	if err != nil {
		return err
	}
	defer l.Close()
	p, whole, err := l.proposal(id)
	if err != nil {
		return err
	}
	if f.digest != "" && f.digest != p.Digest {
		return &exitError{fault.ExitRefused, fmt.Errorf("the proposal's digest is %s, not the one that you have seen: look at it again (dukou proposal show %s)", remote.Printable(p.Digest), id)}
	}
	if f.digest == "" {
		if err := table.Show(c.ErrOrStderr(), whole); err != nil {
			return err
		}
	}
	ballot := map[string]any{"digest": p.Digest}
	if f.reason != "" {
		ballot["reason"] = f.reason
	}
	if f.approve {
		if err := f.approval(l, p, ballot); err != nil {
			return err
		}
	}
	if err := f.confirm(c, p); err != nil {
		return err
	}
	verb := "refuse"
	if f.approve {
		verb = "approve"
	}
	return f.cast(l, p.ID, verb, ballot)
}

// approval adds to a yes what the kind of the proposal wants beside.
func (f *voteFlags) approval(l *link, p proposal, ballot map[string]any) error {
	switch p.Kind {
	case kindPublish:
		signatures, err := signPublication(l, p.Payload, f.key)
		if err != nil {
			return err
		}
		ballot["signatures"] = signatures
	case kindRelease:
		signatures, err := approveRelease(l.cmd.ErrOrStderr(), p.Payload, f.key)
		if err != nil {
			return err
		}
		ballot["signatures"] = signatures
	case kindAdmit:
		if f.compared == "" {
			var err error
			if f.compared, err = askOpenly(l.cmd, "Fingerprint on the component's own screen: ", "--compared"); err != nil {
				return err
			}
		}
	}
	if f.compared != "" {
		ballot["compared"] = f.compared
	}
	return nil
}

// typedLength is how much of an id is typed to say yes.
const typedLength = 6

// confirm has the beginning of the id typed, unless the digest was named.
func (f *voteFlags) confirm(c *cobra.Command, p proposal) error {
	if f.digest != "" {
		return nil
	}
	act := "refuse"
	if f.approve {
		act = "approve"
	}
	begin := p.ID[:min(typedLength, len(p.ID))]
	typed, err := askOpenly(c, fmt.Sprintf("To %s it type %s: ", act, remote.Printable(begin)), "--digest")
	if err != nil {
		return err
	}
	if typed != begin && typed != p.ID {
		return &exitError{fault.ExitFailed, errors.New("that is not its id; nothing was done")}
	}
	return nil
}

func (f *voteFlags) cast(l *link, id, verb string, ballot map[string]any) error {
	body, err := json.Marshal(ballot)
	if err != nil {
		return err
	}
	answer, _, err := l.read(&remote.Request{
		Method: http.MethodPost, Path: "/api/proposals/" + url.PathEscape(id) + "/" + verb, Type: "application/json", Body: body,
	})
	if err != nil {
		return err
	}
	return f.tell(l, answer)
}

// tell prints a proposal after something was done to it.
func (c *connection) tell(l *link, answer []byte) error {
	if done, err := c.asked(l.cmd.OutOrStdout(), answer); done {
		return err
	}
	var p proposal
	if err := json.Unmarshal(answer, &p); err != nil {
		return fmt.Errorf("the center's answer: %w", err)
	}
	out := l.cmd.OutOrStdout()
	fmt.Fprintf(out, "proposal %s\nstate    %s\n", remote.Printable(p.ID), remote.Printable(p.State))
	if p.Result != "" {
		fmt.Fprintf(out, "result   %s\n", remote.Printable(p.Result))
	}
	if p.State == "open" {
		fmt.Fprintf(l.cmd.ErrOrStderr(), "A second administrator of your duty approves it: dukou proposal approve %s\n", remote.Printable(p.ID))
	}
	return nil
}

// proposal reads a proposal, and the same as the center tells it.
func (l *link) proposal(id string) (proposal, any, error) {
	var p proposal
	answer, _, err := l.read(&remote.Request{Method: http.MethodGet, Path: "/api/proposals/" + url.PathEscape(id)})
	if err != nil {
		return p, nil, err
	}
	if err := json.Unmarshal(answer, &p); err != nil {
		return p, nil, fmt.Errorf("the center's answer: %w", err)
	}
	whole, err := table.Parse(answer)
	return p, whole, err
}
