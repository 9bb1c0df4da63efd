// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package broken shows that the fault tests would notice: it builds Dukou with one
// promise removed at a time (go build -overlay, so that no source changes) and runs
// against each build what must catch it: the simulated schedules, the enumerated
// faults, the attackers in the place of captured parts, and the faults on the real
// binaries. What catches which, and after how many tries, is printed.
package broken
