// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { type Language, localeOf } from '../../language/texts';

export interface ZoneOption {
  value: string; // IANA name
  label: string;
  search: string;
}

const made: Partial<Record<Language, ZoneOption[]>> = {};

// zoneOptions are the time zones that this browser knows, with their names and offsets.
// They are many, so that they are made once.
export function zoneOptions(language: Language): ZoneOption[] {
  made[language] ??= ['UTC', ...Intl.supportedValuesOf('timeZone').filter((z) => z !== 'UTC')].map((zone) => zoneOption(zone, language));
  return made[language];
}

export function zoneOption(zone: string, language: Language, now = new Date()): ZoneOption {
  const part = (locale: string, timeZoneName: 'longOffset' | 'longGeneric') => {
    const parts = new Intl.DateTimeFormat(locale, { timeZone: zone, timeZoneName }).formatToParts(now);
    return parts.find((p) => p.type === 'timeZoneName')?.value ?? '';
  };
  const offset = part('en-GB', 'longOffset').replace('GMT', '') || '+00:00';
  const words = part(localeOf(language), 'longGeneric');
  return { value: zone, label: `${zone} ${offset} ${words}`, search: `${zone} ${zone.replaceAll('_', ' ')} ${offset} ${words}`.toLowerCase() };
}
