// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// The questions by what somebody wants to know; one that is new comes last.
const groups: Record<string, string[]> = {
  refused: ['refusals-last-hour', 'refusals-by-reason', 'flow-refusals'],
  traced: ['parcel', 'subject-today', 'text'],
  running: ['traffic-by-hour', 'files-by-flow', 'health'],
  administered: ['administration-yesterday', 'policy-changes', 'details-read'],
};

export function groupsOf<Q extends { name: string }>(items: Q[]): { group: string; items: Q[] }[] {
  const known = Object.values(groups).flat();
  const of = (names: string[]) => names.flatMap((name) => items.filter((q) => q.name === name));
  const all = Object.entries(groups).map(([group, names]) => ({ group, items: of(names) }));
  return [...all, { group: 'more', items: items.filter((q) => !known.includes(q.name)) }].filter((g) => g.items.length > 0);
}
