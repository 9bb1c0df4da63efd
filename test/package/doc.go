// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package packages tests what deploy/package.sh builds: that the packages are whole and
// come out the same from the same source, that the units hold their services to little,
// and that the production guide (docs/operations/production.md) leads from the packages
// to a crossing. For the last it makes three hosts of namespaces, installs the packages
// there with dpkg, and runs every block of the guide on the host that the block names.
//
// Each host is a clean copy of this machine's system (an overlay; what is written goes
// to memory) with its own network, processes and users' list. Two things stand in for
// what a test cannot have: a pair of virtual Ethernet cards is the cable, and the test's
// own systemctl starts the units: their ExecStart lines, as their users, with their
// groups and capabilities; the rest of their confinement needs systemd itself, and is
// looked at by systemd-analyze where that is installed.
package packages
