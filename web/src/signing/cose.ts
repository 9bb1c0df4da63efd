// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { ed25519 } from '@noble/curves/ed25519.js';
import { decode, encode, Tagged } from 'cborg';
import { type Signed, SigningError } from './error';
import type { ApproverKey } from './key';

// Purpose is the external data of a signature: what is signed as one thing is not signed
// as another.
export type Purpose = 'dukou bundle 1' | 'dukou release 1';

const protectedHeader = encode(new Map([[1, -8]])); // algorithm: EdDSA

// cose is a detached COSE_Sign1 (RFC 9052) in base64, as the center verifies it: nothing
// but the algorithm in its headers.
export function cose(purpose: Purpose, payload: Uint8Array, key: ApproverKey): string {
  const external = new TextEncoder().encode(purpose);
  const signature = ed25519.sign(encode(['Signature1', protectedHeader, external, payload]), key.seed);
  return base64(encode(new Tagged(18, [protectedHeader, {}, null, signature])));
}

// read decodes what is to be signed, strictly.
export function read(of: Signed, data: Uint8Array): unknown {
  try {
    return decode(data, { strict: true, allowIndefinite: false, rejectDuplicateMapKeys: true });
  } catch {
    throw new SigningError('unreadable', of);
  }
}

// base64 writes bytes as the interface takes them.
export function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(''));
}

// bytesOf reads bytes as the interface gives them.
export function bytesOf(of: Signed, text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  } catch {
    throw new SigningError('unreadable', of);
  }
}
