// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import dayjs from 'dayjs';
import { describe, expect, it } from 'vitest';
import { daysOf, periodOf } from './periods';

const shanghai = 'Asia/Shanghai';
const sunday = new Date('2026-11-22T09:00:00Z');

describe('periods that are over', () => {
  it.each([
    ['yesterday', '2026-11-20T16:00:00.000Z', '2026-11-21T16:00:00.000Z'],
    ['week', '2026-11-08T16:00:00.000Z', '2026-11-15T16:00:00.000Z'],
    ['month', '2026-09-30T16:00:00.000Z', '2026-10-31T16:00:00.000Z'],
    ['quarter', '2026-06-30T16:00:00.000Z', '2026-09-30T16:00:00.000Z'],
  ] as const)('%s in Shanghai', (preset, from, to) => expect(periodOf(preset, shanghai, sunday)).toEqual({ from, to }));

  it('begins a week on Monday, also on a Monday', () => {
    expect(periodOf('week', 'UTC', new Date('2026-11-23T00:30:00Z'))).toEqual({ from: '2026-11-16T00:00:00.000Z', to: '2026-11-23T00:00:00.000Z' });
  });
  it('takes the day of the zone and not of UTC', () => {
    expect(periodOf('yesterday', shanghai, new Date('2026-11-22T17:00:00Z')).to).toBe('2026-11-22T16:00:00.000Z');
  });
  it('crosses a year', () => {
    expect(periodOf('quarter', 'UTC', new Date('2027-02-03T00:00:00Z'))).toEqual({ from: '2026-10-01T00:00:00.000Z', to: '2027-01-01T00:00:00.000Z' });
  });
  it('includes the last day', () => {
    expect(daysOf(dayjs('2026-11-01'), dayjs('2026-11-01'), 'UTC')).toEqual({ from: '2026-11-01T00:00:00.000Z', to: '2026-11-02T00:00:00.000Z' });
  });
});
