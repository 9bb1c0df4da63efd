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
  difference: string;
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

describe('what a proposal shows', () => {
  const signProposed = (payload: unknown, difference: string) => {
    const { document, shown } = proposedRelease(payload, difference);
    return signRelease(document, shown, key, vector.now);
  };
  it('is what its document says', () => {
    expect(signProposed(vector.payload, vector.difference)).toBe(vector.cose);
  });
  it('is not known when it is not said, or said twice', () => {
    const lines = vector.difference.split('\n');
    for (const line of lines.slice(0, 8)) {
      const left = lines.filter((l) => l !== line).join('\n');
      expect(faultOf(() => signProposed(vector.payload, left)), line).toMatch(/^field release/);
      expect(faultOf(() => signProposed(vector.payload, `${vector.difference}${line}\n`)), line).toMatch(/^field release/);
    }
  });
  for (const [field, altered] of Object.entries(vector.altered)) {
    it(`is not signed with another ${field} in its document`, () => {
      expect(faultOf(() => signProposed({ ...vector.payload, document: altered }, vector.difference))).toMatch(field.startsWith('notAfter') ? 'time' : `field release ${field}`);
    });
  }
  it('is not signed when its payload is another', () => {
    for (const [payload, fault] of [
      [{ ...vector.payload, front: 'other' }, 'field release front'],
      [{ ...vector.payload, parcel: '02'.padEnd(32, '0') }, 'field release parcel'],
      [{ ...vector.payload, document: '!' }, 'unreadable release'],
      [null, 'unreadable release'],
    ] as const) {
      expect(faultOf(() => signProposed(payload, vector.difference))).toBe(fault);
    }
  });
});
