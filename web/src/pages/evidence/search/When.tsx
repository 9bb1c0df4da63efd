// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { ago, stamp } from '../../../parts/Time';
import { usePreferences } from '../../../session/preferences';

// When is Time in a row of a long list: without the year where it is this one, and with a
// hint that costs nothing before it is looked at and never lies over other rows.
export function When({ at }: { at: string }) {
  const { zone, language } = usePreferences();
  const moment = new Date(at);
  const hint = () => `${stamp(moment, zone)} · ${ago(moment, language)} · ${stamp(moment, 'UTC')}`;
  return (
    <time dateTime={moment.toISOString()} className="nowrap row-time" onPointerEnter={(e) => e.currentTarget.setAttribute('title', hint())}>
      {shortOf(stamp(moment, zone), new Date())}
    </time>
  );
}

// shortOf leaves the year out of a stamp where it is the present one.
export function shortOf(text: string, now: Date): string {
  return text.startsWith(`${now.getFullYear()}-`) ? text.slice(5) : text;
}
