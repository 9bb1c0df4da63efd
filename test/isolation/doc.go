// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package isolation holds what the end-to-end tests use to look at the walls between
// processes from both sides: from inside, a probe that tries everything it can think
// of to reach beyond them (Reach, and the program in the probe folder, which is put in a
// component's place); from outside, the sockets that a process holds (Listeners) and
// the frames that an interface carries (Capture).
package isolation
