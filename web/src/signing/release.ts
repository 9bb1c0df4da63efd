// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { bytesToHex } from '@noble/hashes/utils.js';
import { encode } from 'cborg';
import { bytesOf, cose, read } from './cose';
import { type ReleaseField, SigningError } from './error';
import { readKey } from './key';

// Release is what a document by which a file is released from quarantine says
// (docs/formats/release.md).
export interface Release {
  guard: string;
  front: string;
  flow: string;
  parcel: string;
  name: string;
  size: number | bigint;
  root: string;
  bundle: number | bigint;
  code: string;
  notAfter: number; // Unix milliseconds
}

// Shown is what a person sees of a file before they sign: all but the guard and the end
// has to be as the document says it. What is not known is not the same as anything.
export type Shown = { [F in Exclude<ReleaseField, 'guard' | 'notAfter'>]: string | number | bigint | undefined };

const longest = 30 * 24 * 3600_000; // a front takes none that holds for longer

// readRelease reads a document strictly: it is a release in its one form, or it throws.
export function readRelease(document: Uint8Array): Release {
  const list = read('release', document);
  const bad = () => new SigningError('unreadable', 'release');
  if (!Array.isArray(list) || list.length !== 10 || !same(encode(list), document)) throw bad();
  const [guard, front, flow, parcel, name, size, root, bundle, code, notAfter] = list as unknown[];
  if (!isText(guard) || !isText(front) || !isText(flow) || !isText(name) || !isText(code)) throw bad();
  if (!isCount(size) || !isCount(bundle) || typeof notAfter !== 'number' || notAfter <= 0) throw bad();
  return { guard, front, flow, parcel: hexOf(parcel, 16), name, size, root: hexOf(root, 32), bundle, code, notAfter };
}

// signRelease signs a document with an approver's key, which stays in this browser, if
// every field is what was shown. It gives the signature in base64.
export function signRelease(document: Uint8Array, shown: Shown, keyPem: string, now = Date.now()): string {
  const key = readKey(keyPem);
  checkRelease(readRelease(document), shown, now);
  return cose('dukou release 1', document, key);
}

// checkRelease throws for what is not to be signed.
export function checkRelease(release: Release, shown: Shown, now = Date.now()): void {
  for (const field of Object.keys(fields) as (keyof Shown)[]) {
    const seen = shown[field];
    if (seen === undefined || String(release[field]) !== String(seen)) throw new SigningError('field', 'release', field);
  }
  if (release.notAfter <= now || release.notAfter > now + longest) throw new SigningError('time', 'release', 'notAfter');
}

// Each field is named here: one that is forgotten is an error of the compiler.
const fields: Record<keyof Shown, true> = { front: true, flow: true, parcel: true, name: true, size: true, root: true, bundle: true, code: true };

// proposedRelease is what a proposal of a release has: the document, whose fields the second
// person is shown as they are in it, and the file that the proposal names.
export function proposedRelease(payload: unknown): { document: Uint8Array; shown: Shown } {
  const p = (payload ?? {}) as { front?: unknown; parcel?: unknown; document?: unknown };
  const document = bytesOf('release', typeof p.document === 'string' ? p.document : '');
  const named = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return { document, shown: { ...readRelease(document), front: named(p.front), parcel: named(p.parcel) } };
}

function hexOf(value: unknown, length: number): string {
  if (!(value instanceof Uint8Array) || value.length !== length) throw new SigningError('unreadable', 'release');
  return bytesToHex(value);
}

// A text is one line, of characters that are seen as they are: others could show what is
// not there. No front gives out a file with such a name either.
const isText = (v: unknown): v is string => typeof v === 'string' && v !== '' && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(v);
const isCount = (v: unknown): v is number | bigint => (typeof v === 'number' && Number.isInteger(v) && v >= 0) || (typeof v === 'bigint' && v >= 0n);
const same = (a: Uint8Array, b: Uint8Array) => a.length === b.length && a.every((byte, i) => byte === b[i]);
