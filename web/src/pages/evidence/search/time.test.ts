// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { atWall, bucketFor, dayOf, lengthOf, offsetOf, wallOf } from './time';

it('knows what clocks of a zone show, and when', () => {
  const at = new Date('2026-11-22T16:05:09Z');
  expect(offsetOf(at, 'Asia/Shanghai')).toBe('+08:00');
  expect(wallOf(at, 'Asia/Shanghai')).toBe('2026-11-23 00:05:09');
  expect(atWall('2026-11-23 00:05:09', 'Asia/Shanghai')).toEqual(at);
  expect(atWall('2026-11-22 12:05:09', 'America/St_Johns').toISOString()).toBe('2026-11-22T15:35:09.000Z');
});

it('begins days in the zone, also where clocks change', () => {
  expect(dayOf(new Date('2026-11-22T16:05:00Z'), 'Asia/Shanghai', 0).toISOString()).toBe('2026-11-22T16:00:00.000Z');
  expect(dayOf(new Date('2026-11-22T16:05:00Z'), 'Asia/Shanghai', -1).toISOString()).toBe('2026-11-21T16:00:00.000Z');
  expect(dayOf(new Date('2026-03-30T08:00:00Z'), 'Europe/Berlin', 0).toISOString()).toBe('2026-03-29T22:00:00.000Z');
  expect(dayOf(new Date('2026-03-30T08:00:00Z'), 'Europe/Berlin', -1).toISOString()).toBe('2026-03-28T23:00:00.000Z');
});

it('takes the first of two times, and the time after a leap', () => {
  expect(atWall('2026-10-25 02:30:00', 'Europe/Berlin').toISOString()).toBe('2026-10-25T00:30:00.000Z');
  expect(wallOf(atWall('2026-03-29 02:30:00', 'Europe/Berlin'), 'Europe/Berlin')).toBe('2026-03-29 03:30:00');
});

it('has about as many steps as bars fit', () => {
  expect(bucketFor(lengthOf('15m'))).toBe(30);
  expect(bucketFor(lengthOf('1h'))).toBe(120);
  expect(bucketFor(lengthOf('24h'))).toBe(1800);
  expect(bucketFor(lengthOf('7d'))).toBe(21600);
  expect(bucketFor(Date.parse('2026-11-22') - 0)).toBeNull();
});
