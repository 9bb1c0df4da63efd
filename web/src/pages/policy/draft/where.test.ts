// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import { whereIs } from './where';

// at finds the place of the sign | in a text.
function at(marked: string) {
  const offset = marked.indexOf('|');
  return whereIs(marked.replace('|', ''), offset);
}

test.each([
  ['zo|', [], 'key', []],
  ['zones:\n  - name: a\n    |', ['zones', '[]'], 'key', ['name']],
  ['zones:\n  - name: a\n    class: {confidentiality: 3, |}', ['zones', '[]', 'class'], 'key', ['confidentiality']],
  ['zones:\n  - name: a\n    class: {confidentiality: 3, categories: [personal, cr|', ['zones', '[]', 'class', 'categories', '[]'], 'value', []],
  ['flows:\n  - name: a\n    from: int|', ['flows', '[]', 'from'], 'value', []],
  ['flows:\n  - name: a\n    routes:\n      - name: r\n        body:\n          fields:\n            user: {ty|', ['flows', '[]', 'routes', '[]', 'body', 'fields', 'user'], 'key', []],
  ['flows:\n- name: a\n  entry:\n    fr|', ['flows', '[]', 'entry'], 'key', []],
  ['objects:\n  - |', ['objects', '[]'], 'either', []],
  ['subjects:\n  - id: x\n    groups:\n      - po|', ['subjects', '[]', 'groups', '[]'], 'either', []],
  ['zones:\n  - name: a\nissu|', [], 'key', ['zones']],
  ['flows:\n  - name: a\n    |\n    to: b\n', ['flows', '[]'], 'key', ['name', 'to']],
])('%s', (text, path, typing, present) => {
  const w = at(text);
  expect([w.path, w.typing, w.present]).toEqual([path, typing, present]);
});

test('the typed word begins where it is', () => {
  expect(at('flows:\n  - from: int|').from).toBe('flows:\n  - from: '.length);
  expect(at('zones:\n  - class: {conf|').from).toBe('zones:\n  - class: {'.length);
});

test('values beside the place are known where they stand on their own lines', () => {
  const w = at('flows:\n  - name: other\n    protocol: http\n  - name: a\n    |\n    protocol: file\n  - name: c\n    protocol: http\n');
  expect(w.present).toEqual(['name', 'protocol']);
  expect(w.beside).toEqual({ name: 'a', protocol: 'file' });
});
