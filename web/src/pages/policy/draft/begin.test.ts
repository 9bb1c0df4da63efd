// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import { aroundOf, begin, memberOf, waysOf } from './begin';

const texts = new Map([
  [
    'all.yaml',
    `zones:
  - name: outside
    class: {confidentiality: 3, integrity: 1}
  - name: inside
    inner: true
    class: {confidentiality: 5, integrity: 3}
subjects:
  - id: outside/portal
    groups: [portals]
    credentials: [{api-key: aa}]
  - id: outside/person-*
    groups: [persons]
flows:
  - name: old
    from: outside
    to: inside
    protocol: http
    entry: {front: front-out, listener: portal}
    exit: {front: front-in, target: bureau}
`,
  ],
]);

test('a wish begins with the ways of what is there', () => {
  const wish = begin(aroundOf(texts));
  expect(wish).toMatchObject({ from: 'outside', to: 'inside', entryFront: 'front-out', listener: 'portal', exitFront: 'front-in', target: 'bureau', raise: 3, who: 'group:portals', accept: 'api-key' });
});

test('integrity rises where a question or its answer needs it, and nowhere else', () => {
  const around = aroundOf(texts);
  const back = { ...begin(around), from: 'inside', to: 'outside' };
  expect(waysOf(around, back).raise).toBe(3);
  expect(waysOf(around, { ...back, protocol: 'file' }).raise).toBeNull();
});

test('a case asks as a member of the group', () => {
  expect(memberOf(aroundOf(texts), 'group:portals')).toBe('outside/portal');
  expect(memberOf(aroundOf(texts), 'group:persons')).toBe('outside/person-1');
});

test('a draft without anything still begins', () => {
  expect(begin(aroundOf(new Map())).who).toBe('new');
});
