// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, test } from 'vitest';
import { addItem, itemsOf, removeItem, setIn, written } from './edit';

const objects = `# What is asked for.
objects:
  - id: intranet/sign-in    # the door
    groups: [bureau]
    class: {confidentiality: 5, integrity: 3}

  # Reports of people.
  - id: intranet/reports
    class: {confidentiality: 5, integrity: 3, categories: [personal]}
    aliases: {internet: internet/reports}

# behind
issuers: []
`;

describe('edits of one item', () => {
  test('a value changes in its place and nothing else does', () => {
    const after = setIn(objects, 'objects', 0, ['class', 'integrity'], 2);
    expect(after).toBe(objects.replace('{confidentiality: 5, integrity: 3}', '{confidentiality: 5, integrity: 2}'));
  });
  test('a text that needs quotes gets them, within brackets too', () => {
    const after = setIn(objects, 'objects', 1, ['aliases', 'internet'], 'internet/a, b]');
    expect(itemsOf(new Map([['o.yaml', after]]), 'objects')[1]!.value.aliases).toEqual({ internet: 'internet/a, b]' });
    expect(written('yes, {no}')).toBe('"yes, {no}"');
  });
  test('a new key is put into its item, and all comments stay', () => {
    const after = setIn(objects, 'objects', 0, ['aliases'], { internet: 'internet/sign-in' });
    expect(after).toContain('    aliases: {internet: internet/sign-in}\n\n  # Reports of people.\n');
    expect(after).toContain('# the door');
    expect(after).toContain('# behind\nissuers: []\n');
  });
  test('a key is taken away', () => {
    const after = setIn(objects, 'objects', 1, ['aliases'], undefined);
    expect(after).not.toContain('aliases');
    expect(after).toContain('  # Reports of people.\n  - id: intranet/reports\n    class:');
  });
  test('an item is put behind the last one', () => {
    const after = addItem(objects, 'objects', { id: 'intranet/health', class: { confidentiality: 1 } }, 'new');
    expect(after).toContain('aliases: {internet: internet/reports}\n  # new\n  - id: intranet/health\n    class: {confidentiality: 1}\n\n# behind\n');
    expect(itemsOf(new Map([['o.yaml', after]]), 'objects')).toHaveLength(3);
  });
  test('a file without the list gets it', () => {
    expect(addItem('guard: g', 'zones', { name: 'a' })).toBe('guard: g\nzones:\n  - name: a\n');
    expect(addItem('', 'zones', { name: 'a' })).toBe('zones:\n  - name: a\n');
  });
  test('an item goes with its comment', () => {
    const after = removeItem(objects, 'objects', 1);
    expect(after).not.toContain('Reports');
    expect(after).toContain('# behind');
    expect(itemsOf(new Map([['o.yaml', after]]), 'objects')).toHaveLength(1);
    expect(removeItem('zones:\n  - name: a\n', 'zones', 0)).toBe('');
  });
  test('a file that cannot be read has no items', () => {
    expect(itemsOf(new Map([['o.yaml', 'a: [']]), 'objects')).toEqual([]);
  });
});
