// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { utf8 } from './bytes';

// tarOf packs files into one, as POSIX tar: small files with short names.
export function tarOf(files: { name: string; bytes: Uint8Array }[], seconds: number): Uint8Array<ArrayBuffer> {
  const blocks = files.flatMap((f) => [headOf(f.name, f.bytes.length, seconds), padded(f.bytes)]);
  blocks.push(new Uint8Array(1024)); // the end
  const all = new Uint8Array(blocks.reduce((n, b) => n + b.length, 0));
  let at = 0;
  for (const b of blocks) {
    all.set(b, at);
    at += b.length;
  }
  return all;
}

function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
  whole.set(bytes);
  return whole;
}

function headOf(name: string, size: number, seconds: number): Uint8Array {
  const head = new Uint8Array(512);
  const octal = (n: number, digits: number) => `${n.toString(8).padStart(digits, '0')}\0`;
  const put = (text: string, at: number, most: number) => head.set(utf8(text).slice(0, most), at);
  put(name, 0, 99);
  put(octal(0o644, 7), 100, 8);
  put(octal(0, 7), 108, 8);
  put(octal(0, 7), 116, 8);
  put(octal(size, 11), 124, 12);
  put(octal(Math.floor(seconds), 11), 136, 12);
  put('        ', 148, 8); // the checksum is over blanks in its own place
  put('0', 156, 1);
  put('ustar\u000000', 257, 8);
  put(`${head.reduce((sum, b) => sum + b, 0).toString(8).padStart(6, '0')}\0 `, 148, 8);
  return head;
}
