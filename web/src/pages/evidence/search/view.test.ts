// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { pageOf, viewOf } from './view';

const from = '2026-11-22T16:00:00.000Z';
const to = '2026-11-23T16:00:00.000Z';

it('keeps what is chosen: values, states, and relative times as such', () => {
  expect(viewOf({ last: '7d', flow: ['a', 'b'], not: ['verdict=allow'] }, undefined, ['refused', 'interrupted'])).toBe(
    'last=7d&flow=a&flow=b&not=verdict%3Dallow&state=refused&state=interrupted',
  );
  expect(viewOf({ from, text: '批' }, 'today')).toBe('day=today&text=%E6%89%B9');
  expect(viewOf({ from, to }, 'yesterday', [])).toBe('day=yesterday');
});

it('keeps own times as they are', () => {
  expect(new URLSearchParams(viewOf({ from, to }, undefined)).getAll('from')).toEqual([from]);
  expect(viewOf({ from }, 'doomsday')).toBe(`from=${encodeURIComponent(from)}`);
});

it('is shown where it can be chosen by all that it has', () => {
  expect(pageOf('last=1h&state=refused', '/evidence')).toBe('/crossings');
  expect(pageOf('last=1h&class=admin', '/crossings')).toBe('/evidence');
  expect(pageOf('last=1h&flow=a', '/quarantine')).toBe('/quarantine');
});
