// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"

	"github.com/spf13/cobra"

	"dukou.dev/dukou/cmd/dukou/internal/remote"
	"dukou.dev/dukou/internal/fault"
	"dukou.dev/dukou/internal/problem"
)

// Exit statuses beside those of package fault.
const (
	exitSignIn = 6 // no session, or one that has ended
	exitFactor = 7 // the second factor is wanted again
)

// exitError carries an exit status that no kind of error stands for.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// exitCode is the exit status of the command for an error.
func exitCode(err error) int {
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.code
	}
	if p, ok := errors.AsType[*remote.Problem](err); ok {
		return problemExit(p)
	}
	if _, ok := errors.AsType[*remote.UnreachableError](err); ok {
		return fault.ExitUnavailable
	}
	return fault.ExitCode(err)
}

func problemExit(p *remote.Problem) int {
	switch problem.Code(p.Code) {
	case problem.Malformed, problem.Invalid, problem.Unconditional, problem.TooLarge, problem.Unknown:
		return fault.ExitUsage
	case problem.SignedOut, problem.Credentials, problem.PasswordOld:
		return exitSignIn
	case problem.FactorWanted:
		return exitFactor
	case problem.Locked, problem.DutyWrong, problem.OwnProposal, problem.ElsewhereOnly, problem.Conflict, problem.Stale:
		return fault.ExitRefused
	case problem.TooMany, problem.Unavailable:
		return fault.ExitUnavailable
	case problem.Internal:
		return fault.ExitFailed
	}
	return fault.ExitCode(fault.New(fault.Code(p.Code), ""))
}

// newExitCodesTopic is what `dukou help exit-codes` says.
func newExitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit statuses mean",
		Long: `Every command ends with one of these:

  0  done
  1  failed: a file that cannot be written, a defect; the message says what
  2  called wrongly: flags or arguments, or the center says that what was sent is not right
     (codes malformed, invalid, precondition-required, too-large, unknown)
  3  worked, but a part could not be shown here (dukou demo)
  4  refused: understood and not permitted, or its state does not allow it
     (codes duty-wrong, own-proposal, only-on-host, account-locked, conflict, stale, and the
     refusals of parcels and policy)
  5  try again later: the center cannot be reached, or something that it needs is away
     (codes too-many, unavailable)
  6  sign in first: dukou login (codes signed-out, credentials-wrong, password-expired)
  7  show the second factor: dukou login --again, or --code-file (code second-factor-wanted)

A status that is not listed is to be taken as 1. With --json a refusal is one JSON object
on standard error, as the center sent it.`,
	}
}
