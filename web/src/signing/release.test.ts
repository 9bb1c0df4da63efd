// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bytesOf } from './cose';
import { SigningError } from './error';
import { proposedRelease, readRelease, signRelease } from './release';

// The vector is made, and held, by internal/quarantine's TestVector; its key is that of
// internal/envelope's.
const parse = (name: string) => JSON.parse(readFileSync(new URL(`./testdata/${name}`, import.meta.url), 'utf8'));
const vector = parse('release.json') as {
  now: number;
  held: { front: string; parcel: string; flow: string; name: string; size: number; root: string; bundle: number; code: string; since: string };
  guard: string;
  notAfter: number;
  document: string;
  cose: string;
  payload: { front: string; parcel: string; document: string };
  altered: Record<string, string>;
  malformed: Record<string, string>;
};
const { private: key, public: publicKey } = parse('vector.json') as { private: string; public: string };

const document = bytesOf('release', vector.document);
const sign = (bytes: Uint8Array, shown = vector.held, pem = key, now = vector.now) => signRelease(bytes, shown, pem, now);

function faultOf(work: () => unknown): string {
  try {
    work();
    return 'signed';
  } catch (e) {
    return e instanceof SigningError ? [e.fault, e.of, e.field].filter(Boolean).join(' ') : String(e);
  }
}

describe('signing a release from quarantine', () => {
  it('makes the very bytes that the command line makes', () => {
    expect(sign(document)).toBe(vector.cose);
  });
  it('reads what the document says', () => {
    const { since: _, ...held } = vector.held;
    expect(readRelease(document)).toEqual({ ...held, guard: vector.guard, notAfter: vector.notAfter });
  });
  it('has a document with each field altered', () => {
    expect(Object.keys(vector.altered).sort()).toEqual(['bundle', 'code', 'flow', 'front', 'name', 'notAfter', 'notAfter, far', 'parcel', 'root', 'size']);
  });
  for (const [field, altered] of Object.entries(vector.altered)) {
    it(`signs nothing when another ${field} is shown`, () => {
      const fault = field.startsWith('notAfter') ? 'time release notAfter' : `field release ${field}`;
      expect(faultOf(() => sign(bytesOf('release', altered)))).toBe(fault);
    });
  }
  it('signs nothing that is not shown whole', () => {
    for (const field of ['front', 'parcel', 'flow', 'name', 'size', 'root', 'bundle', 'code'] as const) {
      expect(faultOf(() => sign(document, { ...vector.held, [field]: undefined }))).toBe(`field release ${field}`);
    }
  });
  it('signs nothing after the end', () => {
    expect(faultOf(() => sign(document, vector.held, key, vector.notAfter))).toBe('time release notAfter');
    expect(sign(document, vector.held, key, vector.notAfter - 1)).toBe(vector.cose);
  });
  for (const [name, malformed] of Object.entries(vector.malformed)) {
    it(`signs no ${name}`, () => expect(faultOf(() => sign(bytesOf('release', malformed)))).toBe('unreadable release'));
  }
  it('signs nothing without a private key', () => {
    expect(faultOf(() => sign(document, vector.held, publicKey))).toBe('public-key');
  });
});

describe('what a proposal has', () => {
  const signProposed = (payload: unknown) => {
    const { document, shown } = proposedRelease(payload);
    return signRelease(document, shown, key, vector.now);
  };
  it('is signed as the command line signs it', () => {
    expect(signProposed(vector.payload)).toBe(vector.cose);
  });
  it('is not signed when its payload is another', () => {
    for (const [payload, fault] of [
      [{ ...vector.payload, front: 'other' }, 'field release front'],
      [{ ...vector.payload, parcel: '02'.padEnd(32, '0') }, 'field release parcel'],
      [{ ...vector.payload, front: undefined }, 'field release front'],
      [{ ...vector.payload, document: vector.altered.front }, 'field release front'],
      [{ ...vector.payload, document: vector.altered.parcel }, 'field release parcel'],
      [{ ...vector.payload, document: vector.altered.notAfter }, 'time release notAfter'],
      [{ ...vector.payload, document: '!' }, 'unreadable release'],
      [null, 'unreadable release'],
    ] as const) {
      expect(faultOf(() => signProposed(payload))).toBe(fault);
    }
  });
});
