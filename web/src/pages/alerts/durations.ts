// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { type Language, localeOf } from '../../language/texts';

// Units of a time that people give, the largest first, in seconds.
export const steps = [
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

export type Step = (typeof steps)[number][0];

// inWords says a number of seconds, as "2 minutes 30 seconds".
export function inWords(seconds: number, language: Language): string {
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [unit, size] of steps) {
    const n = Math.floor(rest / size);
    if (n === 0) continue;
    rest -= n * size;
    parts.push(new Intl.NumberFormat(localeOf(language), { style: 'unit', unit, unitDisplay: 'long' }).format(n));
  }
  return parts.join(' ');
}

// split gives the largest unit in which a number of seconds is whole.
export function split(seconds: number): { n: number; unit: Step } {
  for (const [unit, size] of steps) {
    if (seconds >= size && seconds % size === 0) return { n: seconds / size, unit };
  }
  return { n: seconds, unit: 'second' };
}

// joined is the number of seconds of n units.
export function joined(n: number, unit: Step): number {
  return Math.round(n * (steps.find(([u]) => u === unit)?.[1] ?? 1));
}
