// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/spf13/cobra"

// commands is the closed list of verbs.
func commands() []*cobra.Command {
	return []*cobra.Command{newDemoCommand(), newPolicyCommand(), newEnrolCommand(), newAuditCommand(), newStatusCommand(), newManifestCommand(), newRunCommand(), newDoctorCommand(), newSendCommand(), newReceiveCommand()}
}
