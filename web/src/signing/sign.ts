// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { client } from '../api/client';
import { cose, read } from './cose';
import { SigningError } from './error';
import { type ApproverKey, readKey } from './key';

// Wanted names what two persons sign: the payload of a proposal, or what was prepared.
export interface Wanted {
  version: number;
  digest: string;
  returnVersion?: number | undefined;
  returnDigest?: string | undefined;
}

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
  return cose('dukou bundle 1', payload, key);
}

function payloadOf(name: 'bundle' | 'return', data: ArrayBuffer | undefined): Uint8Array {
  const document = read(name, new Uint8Array(data ?? new ArrayBuffer(0)));
  if (!Array.isArray(document) || document.length !== 2 || !(document[0] instanceof Uint8Array)) throw new SigningError('unreadable', name);
  return document[0];
}
