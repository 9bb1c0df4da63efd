// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package deps holds the code to its import rules, and has tests only:
//
//   - Every package below internal/ has a rank. It imports lower ranks only, never
//     its siblings; a child may import its parent. Read in the order of the ranks,
//     the code is in the order of the data: labelled, decided, carried, judged,
//     recorded, watched, managed, shown.
//   - The guard and the signer reach no package, directly or through others, that
//     speaks an outside protocol, starts programs or parses content.
//   - What the guard is linked from beyond this module and the standard library is
//     listed in dukou-guard.deps, so that growth shows in review. After a change
//     that is meant: go test ./test/deps -update
package deps
