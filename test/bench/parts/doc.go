// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package parts measures single parts of the crossing by the functions that the
// programs call: the disk's fsync, the two judges, the journal, and the guard between
// two ends that do nothing else.
package parts
