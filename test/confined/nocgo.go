// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !cgo

package confined

const withC = false
