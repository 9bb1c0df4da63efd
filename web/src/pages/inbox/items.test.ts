// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { byKind, type Item, placeOf } from './items';

const item = (kind: string, id: string, until?: string): Item => ({ kind, id, title: id, about: { code: 'finding' }, do: '', ...(until && { until }) });

it('groups by kind, the clocks first, and what ends first before the rest', () => {
  const groups = byKind([item('new', 'n'), item('finding', 'f'), item('proposal', 'late', '2026-02-01T00:00:00Z'), item('proposal', 'never'), item('proposal', 'soon', '2026-01-01T00:00:00Z'), item('publication', 'p')]);
  expect(groups.map((g) => [g.kind, ...g.items.map((i) => i.id)])).toEqual([['publication', 'p'], ['proposal', 'soon', 'late', 'never'], ['finding', 'f'], ['new', 'n']]);
});

it('leads to what waits', () => {
  expect(placeOf({ kind: 'configuration', id: 'a/b' })).toBe('/components/a%2Fb?tab=configuration');
  expect(placeOf({ kind: 'of a newer center', id: 'a' })).toBeUndefined();
});
