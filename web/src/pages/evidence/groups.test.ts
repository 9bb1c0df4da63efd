// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { groupsOf } from './groups';

it('shows each question once, also one that is new', () => {
  const items = ['parcel', 'unheard-of', 'health', 'refusals-by-reason', 'refusals-last-hour'].map((name) => ({ name }));
  expect(groupsOf(items).map((g) => [g.group, ...g.items.map((q) => q.name)])).toEqual([
    ['refused', 'refusals-last-hour', 'refusals-by-reason'],
    ['traced', 'parcel'],
    ['running', 'health'],
    ['more', 'unheard-of'],
  ]);
});
