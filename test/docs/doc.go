// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package docs holds what is written to what is there, and has tests only: every
// name of the code in the documentation exists, every link leads somewhere, every
// requirement has one row that names tests which exist, every make target that a
// page speaks of is in the Makefile, both READMEs give the same commands, and the
// installation of docs/operations works as it is written.
//
// A name of the code is written in backquotes as the path of its package below
// internal/, a dot, and the name, with that of a method or field behind another
// dot: `front.Front.Ask`, `guard/link.New`, `label.TestReplayWindow`.
package docs
