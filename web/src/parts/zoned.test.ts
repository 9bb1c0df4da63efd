// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';
import { momentOf, offsetOf, wallNow, wallOf } from './zoned';

describe('moments in a zone', () => {
  it.each([
    ['2026-11-22T16:05:09.000Z', 'Asia/Shanghai', '2026-11-23 00:05:09', '+08:00'],
    ['2026-07-01T00:30:00.000Z', 'America/New_York', '2026-06-30 20:30:00', '-04:00'],
    ['2026-12-01T00:30:00.000Z', 'Asia/Kolkata', '2026-12-01 06:00:00', '+05:30'],
    ['2026-12-01T00:30:00.000Z', 'UTC', '2026-12-01 00:30:00', '+00:00'],
  ])('%s in %s and back', (moment, zone, shown, offset) => {
    const wall = wallOf(moment, zone);
    expect(wall?.format('YYYY-MM-DD HH:mm:ss')).toBe(shown);
    expect(momentOf(wall, zone)).toBe(moment);
    expect(offsetOf(moment, zone)).toBe(offset);
  });
  it('has none for none', () => {
    expect(wallOf(undefined, 'UTC')).toBeNull();
    expect(momentOf(null, 'UTC')).toBeUndefined();
  });
  it('has now as the zone’s clocks show it', () => {
    expect(wallNow('Asia/Shanghai', new Date('2026-11-22T20:00:00Z')).format('YYYY-MM-DD HH')).toBe('2026-11-23 04');
  });
});
