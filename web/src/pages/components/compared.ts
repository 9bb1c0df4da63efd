// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// atLeast is how much of a fingerprint a person reads elsewhere: nobody finds another key
// whose fingerprint begins with the same 64 bits.
const atLeast = 16;

// comparedOf tells whether what was typed is the beginning of a fingerprint, however it
// is grouped: too little of it, the same, or another one.
export function comparedOf(typed: string, fingerprint: string): 'short' | 'same' | 'other' {
  const read = typed.toLowerCase().replace(/[\s:.\-…]/g, '');
  if (!fingerprint.startsWith(read)) return 'other';
  return read.length < Math.min(atLeast, fingerprint.length) || fingerprint === '' ? 'short' : 'same';
}
