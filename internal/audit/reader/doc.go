// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Package reader reads the directory of an audit journal, or of a mirror of
// one, without the process that wrote it: it verifies, shows, follows and
// proves. It changes nothing, and takes all that it reads for hostile.
package reader
