// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { encode } from 'cborg';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SigningError } from './error';
import { readKey } from './key';
import { signPublication } from './sign';

interface Signature {
  version: number;
  document: string;
  digest: string;
  cose: string;
}

// The vector is made, and held, by internal/envelope's TestVector.
const vector = JSON.parse(readFileSync(new URL('./testdata/vector.json', import.meta.url), 'utf8')) as {
  private: string;
  public: string;
  fingerprint: string;
  bundle: Signature;
  return: Signature;
};

const bytes = (base64: string) => Uint8Array.from(Buffer.from(base64, 'base64'));
const wanted = { version: vector.bundle.version, digest: vector.bundle.digest };
const both = { ...wanted, returnVersion: vector.return.version, returnDigest: vector.return.digest };

// give has the center answer with documents, and counts what it is asked.
function give(documents: Record<string, Uint8Array>) {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (request: Request) => {
    const name = request.url.split('/').pop() ?? '';
    asked.push(name);
    return Promise.resolve(new Response((documents[name] ?? new Uint8Array(0)) as BodyInit, { headers: { 'Content-Type': 'application/octet-stream' } }));
  });
  return asked;
}

vi.mock('../api/client', async () => {
  const { default: create } = await import('openapi-fetch');
  return { client: create({ baseUrl: 'http://center', fetch: (r: Request) => fetch(r) }) };
});

afterEach(() => vi.unstubAllGlobals());

async function faultOf(work: Promise<unknown>): Promise<string> {
  const e: unknown = await work.then(
    () => 'signed',
    (e: unknown) => e,
  );
  return e instanceof SigningError ? e.fault : String(e);
}

describe('signing a publication', () => {
  it('makes the very bytes that the command line makes', async () => {
    const asked = give({ bundle: bytes(vector.bundle.document), return: bytes(vector.return.document) });
    expect(await signPublication('x', both, vector.private)).toEqual([vector.bundle.cose, vector.return.cose]);
    expect(asked).toEqual(['bundle', 'return']);
  });
  it('asks for no return where there is none', async () => {
    const asked = give({ bundle: bytes(vector.bundle.document) });
    expect(await signPublication('x', { ...wanted, returnVersion: 0, returnDigest: '' }, vector.private)).toEqual([vector.bundle.cose]);
    expect(asked).toEqual(['bundle']);
  });
  it('asks for nothing without a key', async () => {
    const asked = give({});
    expect(await faultOf(signPublication('x', wanted, vector.public))).toBe('public-key');
    expect(asked).toEqual([]);
  });
  it('signs nothing else than what is named', async () => {
    const good = bytes(vector.bundle.document);
    for (const [name, document, want, fault] of [
      ['another payload', bytes(vector.return.document), wanted, 'digest'],
      ['another version', good, { ...wanted, version: wanted.version + 1 }, 'version'],
      ['a byte behind', new Uint8Array([...good, 0]), wanted, 'unreadable'],
      ['nothing', new Uint8Array(0), wanted, 'unreadable'],
      ['no list', encode({ a: 1 }), wanted, 'unreadable'],
    ] as const) {
      give({ bundle: document });
      expect(await faultOf(signPublication('x', want, vector.private)), name).toBe(fault);
    }
  });
  it('signs neither when the return is another', async () => {
    give({ bundle: bytes(vector.bundle.document), return: bytes(vector.bundle.document) });
    expect(await faultOf(signPublication('x', both, vector.private))).toBe('digest');
  });
});

describe('the key', () => {
  it('has the fingerprint that the command line prints', () => {
    expect(readKey(vector.private).fingerprint).toBe(vector.fingerprint);
    expect(readKey(`\r\n${vector.private.replaceAll('\n', '\r\n')}\r\n`).fingerprint).toBe(vector.fingerprint);
  });
  it('tells apart what is no such key', () => {
    const swap = (kind: string) => vector.private.replaceAll('PRIVATE KEY', kind);
    for (const [text, fault] of [
      ['', 'no-key'],
      ['{"kty":"OKP"}', 'no-key'],
      [vector.public, 'public-key'],
      [swap('OPENSSH PRIVATE KEY'), 'other-key'],
      [swap('ENCRYPTED PRIVATE KEY'), 'other-key'],
      [vector.private.replace('MC4CAQ', 'MC4CAA'), 'other-key'],
      [vector.private.replace('XV1d', ''), 'other-key'],
      [vector.private + vector.private, 'no-key'],
    ] as const) {
      expect(() => readKey(text), text).toThrowError(SigningError);
      try {
        readKey(text);
      } catch (e) {
        expect((e as SigningError).fault, text).toBe(fault);
      }
    }
  });
});
