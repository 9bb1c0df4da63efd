// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { arrive, extend, release, rowsOf } from './rows';

interface Item {
  id: number;
  state?: string;
}
const key = (i: Item) => String(i.id);
const items = (from: number, to: number): Item[] => Array.from({ length: from - to + 1 }, (_, i) => ({ id: from - i }));
const ids = (list: Item[]) => list.map((i) => i.id);
const page = (from: number, to: number, next?: string) => ({ items: items(from, to), next });

it('lets new ones flow in at the top', () => {
  const rows = arrive(rowsOf(page(10, 1, 'c')), page(12, 3, 'd'), key, false);
  expect(ids(rows.items)).toEqual(ids(items(12, 1)));
  expect(rows.next).toBe('c');
});

it('keeps every row at its place while somebody reads, and renews what it says', () => {
  const now = { items: [{ id: 12 }, { id: 11 }, { id: 10, state: 'answered' }], next: 'd' };
  const rows = arrive(rowsOf(page(10, 8, 'c')), now, key, true);
  expect(rows.items).toEqual([{ id: 10, state: 'answered' }, { id: 9 }, { id: 8 }]);
  expect([rows.waiting, rows.gap]).toEqual([2, false]);
  expect(ids(release(rows, key).items)).toEqual([12, 11, 10, 9, 8]);
});

it('begins anew where it would have a hole', () => {
  const held = arrive(rowsOf(page(10, 8, 'c')), page(40, 31, 'd'), key, true);
  expect([held.waiting, held.gap]).toEqual([10, true]);
  const rows = release(held, key);
  expect(ids(rows.items)).toEqual(ids(items(40, 31)));
  expect(rows.next).toBe('d');
});

it('forgets what has left the window when all of it is on the page', () => {
  expect(ids(arrive(rowsOf(page(10, 1)), page(11, 5), key, false).items)).toEqual(ids(items(11, 5)));
});

it('does not grow without end', () => {
  let rows = rowsOf(page(50, 1, 'c'));
  for (let n = 51; n < 1000; n++) rows = arrive(rows, page(n, n - 49, 'd'), key, false);
  expect(rows.items.length).toBeLessThanOrEqual(100);
  expect(rows.items[0]?.id).toBe(999);
});

it('adds older ones once', () => {
  const rows = extend(rowsOf(page(10, 8, 'c')), page(8, 5), key);
  expect(ids(rows.items)).toEqual(ids(items(10, 5)));
  expect(rows.next).toBeUndefined();
});

it('knows a look that ended early from a page that is full', () => {
  expect(rowsOf(page(100, 76, 'c')).short).toBe(false);
  expect(rowsOf(page(10, 1, 'c')).short).toBe(true);
  expect(rowsOf(page(10, 1)).short).toBe(false);
  expect(extend(rowsOf(page(100, 76, 'c')), page(75, 45, 'd'), key).short).toBe(true);
  expect(extend(rowsOf(page(200, 176, 'c')), page(175, 76, 'd'), key).short).toBe(false);
});

it('keeps the very row that says the same, so that it is not drawn anew', () => {
  const before = rowsOf({ items: [{ id: 2, state: 'passed' }, { id: 1 }], next: 'c' });
  const rows = arrive(before, { items: [{ id: 3 }, { id: 2, state: 'answered' }, { id: 1 }], next: 'c' }, key, false);
  expect(rows.items[2]).toBe(before.items[1]);
  expect(rows.items[1]).toEqual({ id: 2, state: 'answered' });
});
