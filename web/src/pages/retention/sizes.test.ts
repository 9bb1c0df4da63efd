// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { percentOf, sizeOf } from './sizes';

it.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1536, '1.5 KiB'],
  [5 * 2 ** 30, '5.0 GiB'],
  [200 * 2 ** 30, '200 GiB'],
  [-2048, '−2.0 KiB'],
])('%d bytes are %s', (bytes, said) => expect(sizeOf(bytes)).toBe(said));

it('is full only when it is', () => {
  expect(percentOf(999, 1000)).toBe(99);
  expect(percentOf(1000, 1000)).toBe(100);
  expect(percentOf(1, 0)).toBe(0);
});
