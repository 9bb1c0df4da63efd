// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { ed25519 } from '@noble/curves/ed25519.js';
import { concat, equal, fromBase64, hash, utf8 } from './bytes';

// Signed notes of C2SP: a text, an empty line, and lines of signatures.
const ofLog = 1; // Ed25519 over the text
const ofWitness = 4; // C2SP tlog-cosignature v1: over the time and the text
const mostSignatures = 100;

// Key verifies signatures of a name. It is written NAME+ID+BASE64, as signed notes do.
export interface Key {
  name: string;
  id: Uint8Array; // 4 bytes
  kind: typeof ofLog | typeof ofWitness;
  public: Uint8Array;
}

// parseKey reads a written key; null for one of another form or kind.
export function parseKey(text: string): Key | null {
  const [, name, id, key] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? [];
  const bytes = fromBase64(key ?? '');
  if (name === undefined || bytes === null || bytes.length !== 33) return null;
  const kind = bytes[0];
  const public_ = bytes.slice(1);
  if (kind !== ofLog && kind !== ofWitness) return null;
  const own = hash(utf8(`${name}\n`), bytes).slice(0, 4);
  if (!equal(own, Uint8Array.from((id ?? '').match(/../g) ?? [], (b) => parseInt(b, 16)))) return null;
  return { name, id: own, kind, public: public_ };
}

// Note is a note in parts; nothing is verified yet.
export interface Note {
  text: string; // what is signed, with the newline at its end
  signatures: { name: string; id: Uint8Array; bytes: Uint8Array }[];
}

// parseNote takes a note apart; null for what is none.
export function parseNote(message: string): Note | null {
  if (/[\u0000-\u0009\u000b-\u001f]/.test(message)) return null;
  const end = message.lastIndexOf('\n\n');
  if (end < 0) return null;
  const lines = message.slice(end + 2).split('\n');
  if (lines.pop() !== '' || lines.length === 0 || lines.length > mostSignatures) return null;
  const signatures = [];
  for (const line of lines) {
    const [, name, text] = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line) ?? [];
    const bytes = fromBase64(text ?? '');
    if (name === undefined || bytes === null || bytes.length < 5) return null;
    signatures.push({ name, id: bytes.slice(0, 4), bytes: bytes.slice(4) });
  }
  return { text: message.slice(0, end + 1), signatures };
}

// Signature is a signature that a key was held against. at is when a witness signed, in
// seconds since 1970.
export interface Signature {
  name: string;
  good: boolean | null; // null: no key of it is known
  witness: boolean | null;
  at: number | null;
}

// verify holds the signatures of a note against keys.
export function verify(note: Note, keys: Key[]): Signature[] {
  return note.signatures.map(({ name, id, bytes }) => {
    const key = keys.find((k) => k.name === name && equal(k.id, id));
    if (key === undefined) return { name, good: null, witness: null, at: null };
    return key.kind === ofLog
      ? { name, good: good(key, bytes, utf8(note.text)), witness: false, at: null }
      : cosignature(key, bytes, note.text);
  });
}

function cosignature(key: Key, bytes: Uint8Array, text: string): Signature {
  const bad = { name: key.name, good: false, witness: true, at: null };
  if (bytes.length !== 72) return bad;
  const at = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
  if (at > BigInt(Number.MAX_SAFE_INTEGER)) return bad;
  const signed = concat(utf8(`cosignature/v1\ntime ${at}\n`), utf8(text));
  return { ...bad, good: good(key, bytes.slice(8), signed), at: Number(at) };
}

function good(key: Key, signature: Uint8Array, text: Uint8Array): boolean {
  try {
    return signature.length === 64 && ed25519.verify(signature, text, key.public, { zip215: false });
  } catch {
    return false; // what is no point of the curve
  }
}
