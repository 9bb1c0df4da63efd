// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { appendFileSync } from 'node:fs';

// say adds a line to the report.
export function say(line = ''): void {
  if (process.env.DUKOU_LOAD_OUT) appendFileSync(process.env.DUKOU_LOAD_OUT, `${line}\n`);
  else console.log(line);
}

// quantile is the value below which that part of a list is.
export function quantile(list: number[], part: number): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

// spread is a list in three numbers.
export function spread(list: number[], digits = 0): string {
  return [quantile(list, 0.5), quantile(list, 0.95), Math.max(...list)].map((n) => n.toFixed(digits).padStart(7)).join(' ');
}

export const kilobytes = (n: number) => (n / 1000).toFixed(1);
export const megabytes = (n: number) => (n / 1_000_000).toFixed(1);

// random gives numbers from 0 to 1, the same ones for the same seed.
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4_294_967_296;
  };
}
