// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/spf13/cobra"

// commands is the closed list of verbs.
func commands() []*cobra.Command {
	return []*cobra.Command{
		newDemoCommand(), newDoctorCommand(), newRunCommand(), newManifestCommand(), newEnrolCommand(), // hosts and components
		newLoginCommand(), newLogoutCommand(), newWhoamiCommand(), newAccountCommand(), newOTPCommand(), // administrators
		newPolicyCommand(), newProposalCommand(), newQuarantineCommand(), // policy, acts of two persons
		newAuditCommand(), newStatusCommand(), newWatchCommand(), // what is and what was
		newSendCommand(), newReceiveCommand(), // files
		newExitCodesTopic(),
	}
}

func newAccountCommand() *cobra.Command {
	c := newGroupCommand("account", groupSummary("account"))
	c.AddCommand(newRedeemCommand(), newPasswordCommand())
	return c
}
