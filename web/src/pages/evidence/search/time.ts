// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { stamp } from '../../../parts/Time';

// offsetOf is how far a zone is from UTC at a moment, as +08:00.
export function offsetOf(at: Date, zone: string): string {
  return stamp(at, zone).slice(20);
}

function minutesOf(offset: string): number {
  const [, sign, h, m] = /^([+-])(\d\d):(\d\d)$/.exec(offset) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(h ?? 0) * 60 + Number(m ?? 0));
}

// atWall is when the clocks of a zone show a time, 2026-11-22 16:05:00. Where they show it
// twice it is the first of both; where they leap over it, the same time after the leap.
export function atWall(wall: string, zone: string): Date {
  const utc = Date.parse(`${wall.replace(' ', 'T')}Z`);
  const tries = [utc - 864e5, utc + 864e5].map((at) => utc - minutesOf(offsetOf(new Date(at), zone)) * 60e3);
  const right = tries.filter((at) => stamp(new Date(at), zone).slice(0, 19) === wall);
  return new Date(right.length > 0 ? Math.min(...right) : Math.max(...tries));
}

// wallOf is what the clocks of a zone show at a moment.
export function wallOf(at: Date, zone: string): string {
  return stamp(at, zone).slice(0, 19);
}

// dayOf is when a day begins in a zone: 0 is today, -1 yesterday.
export function dayOf(now: Date, zone: string, days: number): Date {
  const [y, m, d] = wallOf(now, zone).slice(0, 10).split('-').map(Number);
  const day = new Date(Date.UTC(y ?? 0, (m ?? 1) - 1, (d ?? 1) + days));
  return atWall(`${day.toISOString().slice(0, 10)} 00:00:00`, zone);
}

const second = 1000;
const nice = [1, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000];

// bucketFor is how long the steps are, in seconds, in which a window is counted: about as
// many as bars fit. Null for a window that is too long to be counted.
export function bucketFor(length: number, bars = 48): number | null {
  if (length / second > 400 * 86400 * 2) return null;
  return nice.find((n) => length / second / n <= bars) ?? null;
}

// lengthOf is how long "15m", "24h" or "7d" is, in milliseconds.
export function lengthOf(last: string): number {
  const [, n, unit] = /^(\d+)([mhd])$/.exec(last) ?? [];
  return Number(n ?? 0) * { m: 60, h: 3600, d: 86400 }[(unit ?? 'm') as 'm' | 'h' | 'd'] * second;
}
