// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { SigningError } from './error';

// ApproverKey is an approver's private key, while it is used.
export interface ApproverKey {
  seed: Uint8Array;
  fingerprint: string; // SHA-256 of the public key, as "dukou policy keygen" prints it
}

// What comes before the 32 bytes of an Ed25519 key in PKCS#8 (RFC 8410), as dukou writes it.
const prefix = '302e020100300506032b657004220420';
const block = /^-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----$/;

// readKey reads a private key from PEM. What is chosen by mistake is told apart.
export function readKey(pem: string): ApproverKey {
  const found = block.exec(pem.trim());
  if (!found) throw new SigningError('no-key');
  const [, kind, body] = found;
  if (kind?.endsWith('PUBLIC KEY')) throw new SigningError('public-key');
  if (kind !== 'PRIVATE KEY') throw new SigningError('other-key');
  const der = bytesOf(body ?? '');
  if (der.length !== 48 || bytesToHex(der.subarray(0, 16)) !== prefix) throw new SigningError('other-key');
  const seed = der.slice(16);
  return { seed, fingerprint: bytesToHex(sha256(ed25519.getPublicKey(seed))) };
}

function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64.replace(/\s/g, '')), (c) => c.charCodeAt(0));
  } catch {
    throw new SigningError('no-key');
  }
}
