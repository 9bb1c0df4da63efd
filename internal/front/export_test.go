// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

// PasswordMatches is passwordMatches, for its fuzz test.
var PasswordMatches = passwordMatches
