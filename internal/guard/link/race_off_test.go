// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package link

// raceEnabled: the race detector makes everything ten times slower.
const raceEnabled = false
