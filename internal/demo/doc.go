// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package demo makes a whole installation on one machine, starts it and shows what it
// does: Install makes keys, admissions, policy and configuration in a directory; Start
// runs the real binaries on it, each in a cell of its own; Tour shows the crossing, and
// attacks on it, step by step. The end-to-end tests stand on Install and Start.
//
//	DIR/keys            approvers (no process sees them)
//	DIR/outer/NAME      what a process of the internet zone has: identity, state
//	DIR/inner/NAME      the same inside
//	DIR/run/NAME        sockets: NAME listens, those that connect see the directory read-only
//	DIR/components      what is public of each component, for the auditor
//	DIR/log/NAME.log    what each process wrote
package demo
