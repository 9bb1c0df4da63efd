// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import type { Schemas } from '../../api/client';
import { nextOf } from './moves';

const finding = { state: 'mended', owner: 'security' } as Schemas['Finding'];

it('offers what the center names for the duty, and nothing else', () => {
  const next = [
    { state: 'verified', duty: 'audit', text: false },
    { state: 'mending', duty: 'audit', text: true },
  ];
  expect(nextOf({ ...finding, next }, 'audit')).toEqual([
    { state: 'mending', text: true },
    { state: 'verified', text: false },
  ]);
  expect(nextOf({ ...finding, next }, 'security')).toEqual([]);
});

it('offers every other state when the center names none', () => {
  expect(nextOf(finding, 'audit').map((n) => n.state)).toEqual(['mending', 'verified', 'closed']);
});
