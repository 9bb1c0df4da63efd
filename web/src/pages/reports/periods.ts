// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Dayjs } from 'dayjs';
import { momentOf, wallNow } from '../../parts/zoned';

export const presets = ['yesterday', 'week', 'month', 'quarter', 'own'] as const;
export type Preset = (typeof presets)[number];

export interface Period {
  from: string;
  to: string; // not included
}

// periodOf is the last day, week (from Monday), month or quarter that is over, as
// the clocks of the reports' zone reckon.
export function periodOf(preset: Exclude<Preset, 'own'>, zone: string, now = new Date()): Period {
  const today = wallNow(zone, now).startOf('day');
  switch (preset) {
    case 'yesterday':
      return between(today.subtract(1, 'day'), today, zone);
    case 'week': {
      const monday = today.subtract((today.day() + 6) % 7, 'day');
      return between(monday.subtract(7, 'day'), monday, zone);
    }
    case 'month': {
      const first = today.startOf('month');
      return between(first.subtract(1, 'month'), first, zone);
    }
    case 'quarter': {
      const first = today.startOf('month').subtract(today.month() % 3, 'month');
      return between(first.subtract(3, 'month'), first, zone);
    }
  }
}

// daysOf is a period of whole days, the last one included.
export function daysOf(first: Dayjs, last: Dayjs, zone: string): Period {
  return between(first.startOf('day'), last.startOf('day').add(1, 'day'), zone);
}

function between(from: Dayjs, to: Dayjs, zone: string): Period {
  return { from: momentOf(from, zone)!, to: momentOf(to, zone)! };
}
