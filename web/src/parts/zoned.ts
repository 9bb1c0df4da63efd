// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import dayjs, { type Dayjs } from 'dayjs';
import timezone from 'dayjs/plugin/timezone';
import utc from 'dayjs/plugin/utc';

dayjs.extend(utc);
dayjs.extend(timezone);

const form = 'YYYY-MM-DDTHH:mm:ss';

// wallOf is what clocks in a zone show at a moment. A picker of dates knows no zone but
// this computer's, so it is given what the clock shows there and not the moment.
export function wallOf(moment: string | undefined | null, zone: string): Dayjs | null {
  return moment ? dayjs(dayjs(moment).tz(zone).format(form)) : null;
}

// momentOf is the moment at which clocks in a zone show this.
export function momentOf(wall: Dayjs | null | undefined, zone: string): string | undefined {
  return wall ? dayjs.tz(wall.format(form), zone).toISOString() : undefined;
}

// offsetOf is how far a zone is from UTC at a moment: +08:00.
export function offsetOf(moment: string | undefined | null, zone: string): string {
  return dayjs(moment ?? undefined).tz(zone).format('Z');
}

// wallNow is what clocks in a zone show now.
export function wallNow(zone: string, now = new Date()): Dayjs {
  return dayjs(dayjs(now).tz(zone).format(form));
}
