// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { fromBase64, textOf, toBase64 } from './bytes';
import { BadProof } from './fault';
import { decodeLeaf, type Leaf } from './leaf';
import { type Key, parseNote, type Signature, verify } from './note';
import { included, leafHash } from './tree';

const header = 'c2sp.org/tlog-proof@v1';
const mostBytes = 128 << 10;
const mostHashes = 64;

// Proof is a proof in parts (docs/formats/journal.md); nothing is verified yet.
export interface Proof {
  index: bigint;
  leaf: Uint8Array;
  path: Uint8Array[];
  checkpoint: string;
}

// Checked is what a proof has shown.
export interface Checked {
  origin: string; // name of the log
  index: bigint;
  size: bigint; // entries that the signed log has
  root: string; // base64
  leafHash: string; // base64
  leaf: Leaf;
  signatures: Signature[];
}

// parseProof takes a proof apart. It takes only the one form that the center writes.
export function parseProof(bytes: Uint8Array): Proof {
  if (bytes.length > mostBytes) throw new BadProof('too-long', `${bytes.length} bytes`);
  const text = textOf(bytes);
  const end = text?.indexOf('\n\n') ?? -1;
  if (text === null || end < 0) throw malformed('no head and checkpoint');
  const [first, extra, index, ...hashes] = text.slice(0, end).split('\n');
  const leaf = fromBase64(/^extra (.*)$/.exec(extra ?? '')?.[1] ?? '');
  const number = /^index (0|[1-9][0-9]{0,18})$/.exec(index ?? '')?.[1];
  if (first !== header || leaf === null || leaf.length === 0) throw malformed('no entry');
  if (number === undefined) throw malformed('no index');
  if (hashes.length > mostHashes) throw malformed('too many hashes');
  const path = hashes.map((line) => {
    const h = fromBase64(line);
    if (h === null || h.length !== 32) throw malformed('a line that is no hash');
    return h;
  });
  return { index: BigInt(number), leaf, path, checkpoint: text.slice(end + 2) };
}

function malformed(detail: string): BadProof {
  return new BadProof('malformed', detail);
}

interface Head {
  origin: string;
  size: bigint;
  root: Uint8Array;
}

// headOf reads what a log signs: its origin, size and root, each in its one form.
function headOf(text: string): Head {
  const [origin, size, root, ...rest] = text.split('\n');
  const hash = fromBase64(root ?? '');
  if (!origin || !/^(0|[1-9][0-9]{0,18})$/.test(size ?? '') || hash?.length !== 32 || rest.join() !== '')
    throw new BadProof('checkpoint', 'not an origin, a size and a root');
  return { origin, size: BigInt(size ?? 0), root: hash };
}

// checkProof says what a proof shows, by keys, or throws BadProof. It asks nobody.
export function checkProof(bytes: Uint8Array, keys: Key[]): Checked {
  const proof = parseProof(bytes);
  const note = parseNote(proof.checkpoint);
  if (note === null) throw malformed('the checkpoint is no signed note');
  const head = headOf(note.text);
  const signatures = verify(note, keys);
  const own = signatures.filter((s) => s.name === head.origin && s.witness !== true);
  if (signatures.some((s) => s.good === false)) throw new BadProof('signature', `a signature under ${head.origin} is not of its key`);
  if (!own.some((s) => s.good)) {
    if (keys.some((k) => k.name === head.origin)) throw new BadProof('signature', `${head.origin} has signed with another key`);
    throw new BadProof('no-key', head.origin);
  }
  const leaf = decodeLeaf(proof.leaf);
  if (leaf.component !== head.origin) throw new BadProof('component', `${leaf.component}, and the log is ${head.origin}`);
  if (proof.index >= head.size) throw new BadProof('index', `entry ${proof.index} of ${head.size}`);
  const hash = leafHash(proof.leaf);
  if (!included(hash, proof.index, head.size, proof.path, head.root)) throw new BadProof('not-in-log', 'the path leads to another root');
  return { origin: head.origin, index: proof.index, size: head.size, root: toBase64(head.root), leafHash: toBase64(hash), leaf, signatures };
}
