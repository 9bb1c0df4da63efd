// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { ed25519 } from '@noble/curves/ed25519.js';
import { describe, expect, it } from 'vitest';
import { concat, fromBase64, hash, toBase64, toHex, utf8 } from './bytes';
import { checkProof } from './check';
import { BadProof } from './fault';
import { decodeLeaf } from './leaf';
import { type Key, parseKey } from './note';
import { included, leafHash, nodeHash } from './tree';
import log from './testdata/log.json';
import vector from './testdata/proof.json';

// The proofs are what the center's own program made of the log in
// internal/audit/testdata/valid, cosigned by a witness.
const key = parseKey(log.key) as Key;
const witness = parseKey(log.witness) as Key;
const proofs = log.proofs.map((p) => p.proof);
const one = proofs[5] as string;

function fault(text: string, keys: Key[] = [key, witness]): string {
  try {
    checkProof(utf8(text), keys);
    return 'good';
  } catch (e) {
    if (e instanceof BadProof) return e.fault;
    throw e;
  }
}

// put writes another value in place of one that must be there.
function put(text: string, was: string | RegExp, is: string): string {
  const changed = text.replace(was, is);
  if (changed === text) throw new Error(`nothing of ${was} in the proof`);
  return changed;
}

// flip changes one bit of what a line holds behind its first bytes.
function flip(line: string, at = 0): string {
  const bytes = fromBase64(line) as Uint8Array;
  bytes[at] = (bytes[at] as number) ^ 1;
  return toBase64(bytes);
}

const hashes = () => one.split('\n\n')[0]?.split('\n').slice(3) ?? [];
const signature = (n: number) => one.trimEnd().split('\n').at(n)?.split(' ')[2] ?? '';

describe('a proof', () => {
  it('shows each entry of a log under its key, and when the witness signed', () => {
    proofs.forEach((text, i) => {
      const c = checkProof(utf8(text), [key, witness]);
      expect(c.origin).toBe('dukou/guard-inner');
      expect([c.index, c.size]).toEqual([BigInt(i), 8n]);
      expect(c.leaf.component).toBe(c.origin);
      expect(c.signatures).toEqual([
        { name: 'dukou/guard-inner', good: true, witness: false, at: null },
        { name: 'dukou/center/witness', good: true, witness: true, at: 1795366525 },
      ]);
    });
  });
  it('says what the entry says', () => {
    const { leaf } = checkProof(utf8(proofs[0] as string), [key]);
    expect(leaf).toMatchObject({ class: 'decision', flow: 'credit-report', subject: 'clerk', object: 'report', action: 'read', verdict: 'allow', reason: '' });
    expect(leaf.parcel).toBe('16000000000000000000000000000000');
    expect(new Date(leaf.time).getUTCFullYear()).toBe(2026);
  });
  it('leaves a cosignature open whose key it has not', () => {
    expect(checkProof(utf8(one), [key]).signatures[1]).toEqual({ name: 'dukou/center/witness', good: null, witness: null, at: null });
  });
});

describe('a changed proof proves nothing', () => {
  it.each([
    ['another entry', () => put(one, /extra .*/, (proofs[4] as string).split('\n')[1] as string), 'not-in-log'],
    ['another index', () => put(one, 'index 5', 'index 4'), 'not-in-log'],
    ['an index behind the log', () => put(one, 'index 5', 'index 8'), 'index'],
    ['a hash of the path', () => put(one, hashes()[1] as string, flip(hashes()[1] as string)), 'not-in-log'],
    ['a path that is cut', () => put(one, `${hashes()[2]}\n`, ''), 'not-in-log'],
    ['a path that is longer', () => put(one, `${hashes()[2]}\n`, `${hashes()[2]}\n${hashes()[2]}\n`), 'not-in-log'],
    ['the size', () => put(one, '\n8\n', '\n9\n'), 'signature'],
    ['the origin', () => put(one, '\n\ndukou/guard-inner\n', '\n\ndukou/guard-outer\n'), 'signature'],
    ['the signature', () => put(one, signature(-2), flip(signature(-2), 20)), 'signature'],
    ['the signature taken away', () => put(one, /— dukou\/guard-inner .*\n/, ''), 'signature'],
    ['the cosignature', () => put(one, signature(-1), flip(signature(-1), 40)), 'signature'],
    ['the time of the cosignature', () => put(one, signature(-1), flip(signature(-1), 11)), 'signature'],
    ['a byte of the entry', () => put(one, /extra (.*)/, `extra ${flip(/extra (.*)/.exec(one)?.[1] ?? '', 40)}`), 'not-in-log'],
    ['an entry that is none', () => put(one, /extra .*/, 'extra AAAA'), 'leaf'],
  ])('%s', (_, text, expected) => expect(fault(text())).toBe(expected));
  it('an entry of another component, in a log that is signed well', () => {
    const secret = new Uint8Array(32).fill(7);
    const bytes = concat(Uint8Array.of(1), ed25519.getPublicKey(secret));
    const id = hash(utf8('dukou/other\n'), bytes).slice(0, 4);
    const extra = /extra (.*)/.exec(one)?.[1] ?? '';
    const text = `dukou/other\n1\n${toBase64(leafHash(fromBase64(extra) as Uint8Array))}\n`;
    const signed = `${text}\n— dukou/other ${toBase64(concat(id, ed25519.sign(utf8(text), secret)))}\n`;
    const own = parseKey(`dukou/other+${toHex(id)}+${toBase64(bytes)}`) as Key;
    expect(fault(`c2sp.org/tlog-proof@v1\nextra ${extra}\nindex 0\n\n${signed}`, [own])).toBe('component');
  });
  it('without a key, and with the key of somebody else', () => {
    expect(fault(one, [])).toBe('no-key');
    expect(fault(one, [witness])).toBe('no-key');
    expect(fault(one, [{ ...key, public: witness.public }])).toBe('signature');
  });
});

// What the center's tests hold themselves against, too (internal/management).
describe('the vector of the center', () => {
  const own = parseKey(vector.key) as Key;
  it('is proven, and says what was recorded', () => {
    const c = checkProof(utf8(vector.proof), [own]);
    expect([c.index, c.size]).toEqual([BigInt(vector.index), BigInt(vector.size)]);
    expect(c.leaf).toMatchObject({ ...vector.says, time: Number(vector.says.time) });
  });
  it('is of this key only', () => expect(fault(vector.proof, [parseKey(vector.other) as Key])).toBe('signature'));
  it.each(Object.entries(vector.broken))('%s', (_, text) => expect(['not-in-log', 'signature', 'index', 'malformed', 'leaf']).toContain(fault(text, [own])));
});

describe('what is no proof', () => {
  it.each([
    ['nothing', ''],
    ['a page', '<!doctype html>\n\n'],
    ['another header', put(one, 'tlog-proof@v1', 'tlog-proof@v2')],
    ['no entry', put(one, /extra .*\n/, '')],
    ['an index with a zero before it', put(one, 'index 5', 'index 05')],
    ['a sign before the index', put(one, 'index 5', 'index +5')],
    ['base64 of another form', put(one, /=\n/, '\n')],
    ['a hash that is short', put(one, hashes()[0] as string, 'AAAA')],
    ['no checkpoint', one.split('\n\n')[0] as string],
    ['no signature', `${one.split('\n\n').slice(0, 2).join('\n\n')}\n`],
    ['something behind the signatures', `${one}x`],
    ['a tab', put(one, '\n8\n', '\n8\t\n')],
    ['a path without end', put(one, `${hashes()[0]}\n`, `${hashes()[0]}\n`.repeat(70))],
  ])('%s', (_, text) => expect(fault(text)).toBe('malformed'));
  it('a text that is too long', () => expect(fault(one + ' '.repeat(128 << 10))).toBe('too-long'));
  it('a checkpoint with another line', () => expect(fault(put(one, '\n8\n', '\n8\nmore\n'))).not.toBe('good'));
  it('bytes that are no text', () => expect(() => checkProof(Uint8Array.of(0xff, 10, 10), [key])).toThrow(BadProof));
});

describe('a key', () => {
  it.each([log.key.replace('c97be813', 'c97be814'), log.key.slice(0, -4), log.key.replace('guard-inner', 'guard-outer'), 'x', ''])('%s is none', (text) =>
    expect(parseKey(text)).toBeNull(),
  );
});

describe('an entry', () => {
  const leaf = fromBase64(/extra (.*)/.exec(one)?.[1] ?? '') as Uint8Array;
  it('is read to its last byte', () => {
    for (let n = 0; n < leaf.length; n++) expect(() => decodeLeaf(leaf.slice(0, n))).toThrow(BadProof);
    expect(() => decodeLeaf(Uint8Array.from([...leaf, 0]))).toThrow(BadProof);
  });
});

describe('the tree', () => {
  // A tree of n leaves and the path of each, made in another way than it is checked.
  const leafOf = (i: number) => leafHash(Uint8Array.of(i));
  const split = (n: number) => 2 ** Math.floor(Math.log2(n - 1));
  const root = (from: number, n: number): Uint8Array => (n === 1 ? leafOf(from) : nodeHash(root(from, split(n)), root(from + split(n), n - split(n))));
  const path = (i: number, from: number, n: number): Uint8Array[] => {
    if (n === 1) return [];
    const k = split(n);
    return i < k ? [...path(i, from, k), root(from + k, n - k)] : [...path(i - k, from + k, n - k), root(from, k)];
  };
  it('has each leaf at its place, and at no other', () => {
    for (let n = 1; n <= 17; n++)
      for (let i = 0; i < n; i++)
        for (let at = 0; at < n; at++)
          expect(included(leafOf(i), BigInt(at), BigInt(n), path(i, 0, n), root(0, n))).toBe(at === i);
  });
});
