// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { textOf, toHex } from './bytes';
import { BadProof } from './fault';

// Leaf is an audit entry as its log's tree has it (docs/formats/journal.md).
export interface Leaf {
  component: string; // origin of the log
  time: number; // Unix milliseconds
  class: string;
  parcel: string; // hexadecimal, empty for none
  flow: string;
  subject: string;
  object: string;
  action: string;
  verdict: string;
  reason: string;
  label: Uint8Array;
  commitment: string; // to the detail, hexadecimal
}

const none = '0'.repeat(32);

// Reader reads canonical CBOR of the few kinds that a leaf has.
class Reader {
  private at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  get ended(): boolean {
    return this.at === this.bytes.length;
  }

  // head reads a head of a major type and gives its number, which must be in its
  // shortest form.
  head(major: number): number {
    const first = this.take(1)[0] ?? 0;
    const small = first & 31;
    if (first >> 5 !== major || small > 27) throw malformed('a value of another kind');
    if (small < 24) return small;
    const size = 1 << (small - 24);
    const n = this.take(size).reduce((sum, b) => sum * 256 + b, 0);
    const least = size === 1 ? 24 : 256 ** (size / 2);
    if (n < least || n > Number.MAX_SAFE_INTEGER) throw malformed('a number that is not in its shortest form');
    return n;
  }

  bytesOf(most: number): Uint8Array {
    return this.take(this.head(2), most);
  }

  text(most: number): string {
    const text = textOf(this.take(this.head(3), most));
    if (text === null) throw malformed('a text that is not UTF-8');
    return text;
  }

  private take(n: number, most = n): Uint8Array {
    if (n > most || this.at + n > this.bytes.length) throw malformed('a value that is too long');
    this.at += n;
    return this.bytes.slice(this.at - n, this.at);
  }
}

function malformed(detail: string): BadProof {
  return new BadProof('leaf', detail);
}

// decodeLeaf reads a leaf. It throws BadProof for anything else.
export function decodeLeaf(bytes: Uint8Array): Leaf {
  const r = new Reader(bytes);
  if (r.head(4) !== 13 || r.head(0) !== 1) throw malformed('not the array of an entry, version 1');
  const component = r.text(256);
  const time = r.head(0);
  const kind = r.text(32);
  const parcel = toHex(r.bytesOf(16));
  const [flow, subject, object, action, verdict, reason] = [r.text(256), r.text(256), r.text(256), r.text(256), r.text(256), r.text(256)];
  const label = r.bytesOf(4096);
  const commitment = toHex(r.bytesOf(32));
  if (!r.ended || component === '' || parcel.length !== 32 || commitment.length !== 64) throw malformed('a part of another length');
  return { component, time, class: kind, parcel: parcel === none ? '' : parcel, flow, subject, object, action, verdict, reason, label, commitment };
}
