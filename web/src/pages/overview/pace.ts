// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Component, Flow } from './scene';

// Pace is how much goes on flows now. What is not known is undefined.
export interface Pace {
  passed: number | undefined;
  refused: number | undefined;
  failed: number | undefined;
  p95: number | undefined;
}

// paceOf adds flows up; the slowest of them is its time.
export function paceOf(flows: Flow[]): Pace {
  const known = flows.flatMap((f) => (f.lately ? [f.lately] : []));
  if (known.length === 0) return { passed: undefined, refused: undefined, failed: undefined, p95: undefined };
  const sum = (of: 'passed' | 'refused' | 'failed') => known.reduce((n, l) => n + l[of], 0);
  const times = known.flatMap((l) => (l.p95 ? [l.p95] : []));
  return { passed: sum('passed'), refused: sum('refused'), failed: sum('failed'), p95: times.length ? Math.max(...times) : undefined };
}

export type FlowState = 'moving' | 'idle' | 'broken' | 'unknown';

// stateOf is what the picture says of flows: broken, when a component on the way of one
// does not answer.
export function stateOf(flows: Flow[], components: Component[]): FlowState {
  const away = new Set(components.filter((c) => c.state === 'unreachable').map((c) => c.id));
  if (flows.some((f) => (f.path ?? []).some((id) => away.has(id)))) return 'broken';
  const pace = paceOf(flows);
  if (pace.passed === undefined) return 'unknown';
  return pace.passed + (pace.refused ?? 0) + (pace.failed ?? 0) > 0 ? 'moving' : 'idle';
}

// short writes a rate with two or three digits: 0, <0.1, 0.4, 12, 1.2k.
export function short(n: number): string {
  if (n === 0) return '0';
  if (n < 0.05) return '<0.1';
  if (n < 9.95) return n.toFixed(1);
  if (n < 999.5) return n.toFixed(0);
  return n < 9950 ? `${(n / 1000).toFixed(1)}k` : `${(n / 1000).toFixed(0)}k`;
}

// millis writes a time of some milliseconds.
export function millis(ms: number): string {
  return ms < 1000 ? `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

// bytes writes an amount of bytes.
export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let i = 0;
  while (n >= 1024 && i < units.length - 1) {
    n /= 1024;
    i++;
  }
  return `${i === 0 || n >= 100 ? n.toFixed(0) : n.toFixed(1)} ${units[i]}`;
}

// fit cuts a name to a width in letters; a Chinese character is as wide as two.
export function fit(text: string, letters: number): string {
  let used = 0;
  let i = 0;
  const all = [...text];
  const wide = (c: string) => ((c.codePointAt(0) ?? 0) > 0x2e7f ? 2 : 1);
  for (; i < all.length; i++) {
    used += wide(all[i] ?? '');
    if (used > letters) break;
  }
  return i === all.length ? text : `${all.slice(0, Math.max(0, i - 1)).join('')}…`;
}
