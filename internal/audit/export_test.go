// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

package audit

import "dukou.dev/dukou/internal/vault"

// SealedCommitment is what a leaf commits to.
func SealedCommitment(keyID string, digest, ciphertext []byte) []byte {
	sum := sealedCommitment(keyID, digest, ciphertext)
	return sum[:]
}

// Sealing encodes entries without a disk, their details sealed or not.
func Sealing(sealed bool, key vault.Key) func(Entry) error {
	var k *detailKey
	if sealed {
		k = &detailKey{id: KeyID{Class: Decisions, Day: 1}.String(), sealer: DetailSealer(key)}
	}
	return func(e Entry) error {
		_, _, err := seal("dukou/guard-inner", e, [saltSize]byte{1}, k)
		return err
	}
}
