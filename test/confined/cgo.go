// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package confined

// withC: under the race detector Landlock is put on the threads by way of C, which has
// to list them. The programs are built without.
const withC = true
