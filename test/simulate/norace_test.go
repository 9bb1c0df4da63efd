// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package simulate

// raced tells that this is built with the race detector, under which the runtime
// shuffles goroutines.
const raced = false
