// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import type { Schemas } from '../../api/client';
import { nextOf } from './moves';

const next: Schemas['FindingNext'][] = [
  { state: 'mending', duty: 'audit', text: true },
  { state: 'verified', duty: 'audit', text: false },
];

it('offers what the center names for the duty, and nothing else', () => {
  const finding = { state: 'mended', owner: 'security', next } as Schemas['Finding'];
  expect(nextOf(finding, 'audit')).toEqual(next);
  expect(nextOf(finding, 'security')).toEqual([]);
});
