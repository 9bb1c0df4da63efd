// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import { laid, withEdit } from './work';

const saved = new Map([
  ['a.yaml', 'a'],
  ['b.yaml', 'b'],
]);

test('edits lie over what is saved', () => {
  let edits = withEdit(saved, new Map(), 'a.yaml', 'A');
  edits = withEdit(saved, edits, 'c.yaml', 'C');
  edits = withEdit(saved, edits, 'b.yaml', null);
  expect([...laid(saved, edits)]).toEqual([
    ['a.yaml', 'A'],
    ['c.yaml', 'C'],
  ]);
});

test('an edit back to what is saved is none', () => {
  const edits = withEdit(saved, withEdit(saved, new Map(), 'a.yaml', 'A'), 'a.yaml', 'a');
  expect(edits.size).toBe(0);
});

test('an edit remembers what it began with, so that a clash is seen', () => {
  const edits = withEdit(saved, new Map(), 'a.yaml', 'mine');
  const theirs = new Map([...saved, ['a.yaml', 'theirs'] as const]);
  expect(withEdit(theirs, edits, 'a.yaml', 'mine too').get('a.yaml')).toEqual({ from: 'a', text: 'mine too' });
});
