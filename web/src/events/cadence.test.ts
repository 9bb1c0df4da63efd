// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import { Cadence } from './cadence';

test('what was quiet is looked at once, what is busy after its rest', () => {
  const cadence = new Cadence((topic) => (topic === 'crossings' ? 3000 : 1000));
  expect(cadence.wait(0)).toBeUndefined();
  cadence.hear('crossings', 100);
  expect(cadence.wait(100)).toBe(0);
  expect(cadence.take(100)).toEqual(['crossings']);
  expect(cadence.wait(100)).toBeUndefined();
  cadence.hear('crossings', 200);
  cadence.hear('crossings', 900); // tells nothing new
  cadence.hear('alerts', 1000);
  expect(cadence.take(1000)).toEqual(['alerts']);
  expect(cadence.wait(1000)).toBe(2100);
  expect(cadence.take(3099)).toEqual([]);
  expect(cadence.take(3100)).toEqual(['crossings']);
  cadence.hear('crossings', 9000);
  expect(cadence.take(9000)).toEqual(['crossings']);
});
