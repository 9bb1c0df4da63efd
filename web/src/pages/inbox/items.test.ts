// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { byKind, type Item, placeOf } from './items';

const item = (kind: string, id: string, until?: string): Item => ({ kind, id, title: id, do: '', ...(until && { until }) });

it('groups by kind, the clocks first, and what ends first before the rest', () => {
  const groups = byKind([item('new', 'n'), item('finding', 'f'), item('proposal', 'late', '2026-02-01T00:00:00Z'), item('proposal', 'never'), item('proposal', 'soon', '2026-01-01T00:00:00Z'), item('publication', 'p')]);
  expect(groups.map((g) => [g.kind, ...g.items.map((i) => i.id)])).toEqual([['publication', 'p'], ['proposal', 'soon', 'late', 'never'], ['finding', 'f'], ['new', 'n']]);
});

// The center's own program is the source of the kinds: a new one there fails here.
it('knows a page for every kind that the center has', () => {
  const files = ['management/alert.go', 'management/proposal.go', 'management/finding.go', 'management/component.go', 'draft/force.go'];
  const source = files.map((f) => readFileSync(new URL(`../../../../internal/${f}`, import.meta.url), 'utf8')).join('\n');
  const kinds = [...source.matchAll(/(?:InboxItem|Waiting)\{\s*Kind: "([a-z]+)"/g)].map((m) => m[1] ?? '');
  expect(new Set(kinds)).toEqual(new Set(['alert', 'proposal', 'finding', 'component', 'configuration', 'publication', 'part']));
  for (const kind of kinds) expect(placeOf({ kind, id: 'a/b' }), kind).toContain('a%2Fb');
});
