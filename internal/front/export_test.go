// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package front

// PasswordMatches holds a password against a hash, for its fuzz test.
func PasswordMatches(phc, password string) (bool, error) {
	h, err := parseHash(phc)
	return err == nil && h.matches(password), err
}
