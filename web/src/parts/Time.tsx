// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Tooltip } from 'antd';
import { type Language, localeOf, texts } from '../language/texts';
import { usePreferences } from '../session/preferences';

const useText = texts({ never: 'never', utc: 'UTC' }, { never: '从未', utc: 'UTC' });

// forms are the forms of moments, by zone: to make one takes longer than all it is used for.
const forms = new Map<string, Intl.DateTimeFormat>();

function formOf(zone: string, millis: boolean): Intl.DateTimeFormat {
  const name = `${zone} ${millis}`;
  const form = forms.get(name) ?? newForm(zone, millis);
  forms.set(name, form);
  return form;
}

function newForm(zone: string, millis: boolean): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    ...(millis ? { fractionalSecondDigits: 3 as const } : {}),
    hourCycle: 'h23',
    timeZoneName: 'longOffset',
  });
}

// stamp is a moment in a zone, with its offset: 2026-11-22 16:05:09 +08:00.
export function stamp(at: Date, zone: string, millis = false): string {
  const parts = formOf(zone, millis).formatToParts(at);
  const of = (type: string) => parts.find((p) => p.type === type)?.value ?? '';
  const offset = of('timeZoneName').replace('GMT', '') || '+00:00';
  const fraction = millis ? `.${of('fractionalSecond')}` : '';
  return `${of('year')}-${of('month')}-${of('day')} ${of('hour')}:${of('minute')}:${of('second')}${fraction} ${offset}`;
}

// ago is how far a moment is from now, in words.
export function ago(at: Date, language: Language, now = Date.now()): string {
  const words = new Intl.RelativeTimeFormat(localeOf(language), { numeric: 'auto' });
  const seconds = Math.round((at.getTime() - now) / 1000);
  const steps: [number, Intl.RelativeTimeFormatUnit][] = [
    [60, 'second'],
    [60, 'minute'],
    [24, 'hour'],
    [30, 'day'],
    [12, 'month'],
  ];
  let n = seconds;
  for (const [many, unit] of steps) {
    if (Math.abs(n) < many) return words.format(n, unit);
    n = Math.round(n / many);
  }
  return words.format(n, 'year');
}

// Time shows a moment in the person's zone with its offset; a hint has how long ago it is
// and the time in UTC. The API writes moments in RFC 3339; none at all is shown as never.
export function Time({ at, millis = false }: { at: string | number | undefined | null; millis?: boolean }) {
  const t = useText();
  const { zone, language } = usePreferences();
  const moment = at === undefined || at === null || at === '' ? null : new Date(at);
  if (moment === null || Number.isNaN(moment.getTime()) || moment.getUTCFullYear() < 1971) return <span>{t.never}</span>;
  const hint = () => `${ago(moment, language)} · ${stamp(moment, 'UTC', millis)}`; // only when it is looked at
  return (
    <Tooltip title={hint}>
      <time dateTime={moment.toISOString()} className="nowrap">
        {stamp(moment, zone, millis)}
      </time>
    </Tooltip>
  );
}
