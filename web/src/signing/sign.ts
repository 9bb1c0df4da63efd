// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { decode, encode, Tagged } from 'cborg';
import { client } from '../api/client';
import { SigningError } from './error';
import { type ApproverKey, readKey } from './key';

// Wanted names what two persons sign: the payload of a proposal, or what was prepared.
export interface Wanted {
  version: number;
  digest: string;
  returnVersion?: number | undefined;
  returnDigest?: string | undefined;
}

const external = new TextEncoder().encode('dukou bundle 1');
const protectedHeader = encode(new Map([[1, -8]])); // algorithm: EdDSA

// signPublication fetches the bundles of a publication, holds them against their digests,
// and signs each with an approver's key, which stays in this browser: the bundle, then
// the return where there is one. It gives the signatures in base64.
export async function signPublication(id: string, wanted: Wanted, keyPem: string): Promise<string[]> {
  const key = readKey(keyPem);
  const params = { params: { path: { id } }, parseAs: 'arrayBuffer' as const };
  const bundle = await client.GET('/api/policies/{id}/bundle', params);
  const signatures = [signDocument('bundle', bundle.data, wanted.version, wanted.digest, key)];
  if (wanted.returnVersion || wanted.returnDigest) {
    const back = await client.GET('/api/policies/{id}/return', params);
    signatures.push(signDocument('return', back.data, wanted.returnVersion ?? 0, wanted.returnDigest ?? '', key));
  }
  return signatures;
}

// signDocument signs the payload of a document, if it is the one that was named.
export function signDocument(name: 'bundle' | 'return', data: ArrayBuffer | undefined, version: number, digest: string, key: ApproverKey): string {
  const payload = payloadOf(name, data);
  if (bytesToHex(sha256(payload)) !== digest) throw new SigningError('digest', name);
  const bundle = read(name, payload);
  const itsVersion = typeof bundle === 'object' && bundle !== null && 'Version' in bundle ? bundle.Version : undefined;
  if (typeof itsVersion !== 'number' && typeof itsVersion !== 'bigint') throw new SigningError('unreadable', name);
  if (BigInt(itsVersion) !== BigInt(version)) throw new SigningError('version', name);
  return base64(cose(payload, key));
}

// cose is a detached COSE_Sign1 (RFC 9052) as the center verifies it: nothing but the
// algorithm in its headers.
function cose(payload: Uint8Array, key: ApproverKey): Uint8Array {
  const signature = ed25519.sign(encode(['Signature1', protectedHeader, external, payload]), key.seed);
  return encode(new Tagged(18, [protectedHeader, {}, null, signature]));
}

function payloadOf(name: 'bundle' | 'return', data: ArrayBuffer | undefined): Uint8Array {
  const document = read(name, new Uint8Array(data ?? new ArrayBuffer(0)));
  if (!Array.isArray(document) || document.length !== 2 || !(document[0] instanceof Uint8Array)) throw new SigningError('unreadable', name);
  return document[0];
}

function read(name: 'bundle' | 'return', data: Uint8Array): unknown {
  try {
    return decode(data, { strict: true, allowIndefinite: false, rejectDuplicateMapKeys: true });
  } catch {
    throw new SigningError('unreadable', name);
  }
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(''));
}
