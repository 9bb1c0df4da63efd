// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';

// fingerprintOf is the SHA-256 of the first certificate in a PEM file, as openssl prints
// it; undefined when there is none.
export function fingerprintOf(pem: string): string | undefined {
  const body = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(pem)?.[1];
  if (!body) return undefined;
  try {
    const der = Uint8Array.from(atob(body.replace(/\s/g, '')), (c) => c.charCodeAt(0));
    return bytesToHex(sha256(der)).toUpperCase().match(/../g)?.join(':');
  } catch {
    return undefined; // no base64
  }
}
