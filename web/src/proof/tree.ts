// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { equal, hash } from './bytes';

// The Merkle tree of RFC 6962 with SHA-256.
const leafMark = Uint8Array.of(0);
const nodeMark = Uint8Array.of(1);

export function leafHash(leaf: Uint8Array): Uint8Array {
  return hash(leafMark, leaf);
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hash(nodeMark, left, right);
}

// included tells whether a path leads from a leaf to the root of a tree (RFC 9162,
// 2.1.3.2). Sizes are bigint: bit operations on numbers end at 32 bits.
export function included(leaf: Uint8Array, index: bigint, size: bigint, path: Uint8Array[], root: Uint8Array): boolean {
  if (index < 0n || index >= size) return false;
  let at = index;
  let last = size - 1n;
  let now = leaf;
  for (const beside of path) {
    if (last === 0n) return false;
    if ((at & 1n) === 1n || at === last) {
      now = nodeHash(beside, now);
      while ((at & 1n) === 0n && at !== 0n) {
        at >>= 1n;
        last >>= 1n;
      }
    } else {
      now = nodeHash(now, beside);
    }
    at >>= 1n;
    last >>= 1n;
  }
  return last === 0n && equal(now, root);
}
