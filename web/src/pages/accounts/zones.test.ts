// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';
import { addressOf } from './linkAddress';
import { zoneOption, zoneOptions } from './zones';

describe('a time zone', () => {
  it('is found by its name, its offset and its words', () => {
    const o = zoneOption('Asia/Shanghai', 'zh', new Date('2026-11-22T00:00:00Z'));
    expect(o.value).toBe('Asia/Shanghai');
    expect(o.label).toContain('+08:00');
    expect(o.search).toContain('中国');
    expect(zoneOption('America/New_York', 'en').search).toContain('new york');
    expect(zoneOption('UTC', 'en').label).toContain('+00:00');
  });
  it('is in the list once', () => {
    const values = zoneOptions('en').map((o) => o.value);
    expect(new Set(values).size).toBe(values.length);
    expect(values).toContain('Asia/Shanghai');
  });
});

describe('the address of a link', () => {
  const link = { path: '/#/link/dkl_x' };
  it('is the name that is set, not the number by which its maker came', () => {
    const setup = { origins: ['https://console.bank.internal'] };
    expect(addressOf(link, setup, 'https://10.0.0.5')).toBe('https://console.bank.internal/#/link/dkl_x');
    expect(addressOf(link, setup, 'https://console.bank.internal')).toBe('https://console.bank.internal/#/link/dkl_x');
  });
  it('is where one is when no name is set', () => {
    expect(addressOf(link, {}, 'https://10.0.0.5')).toBe('https://10.0.0.5/#/link/dkl_x');
    expect(addressOf(link, undefined, 'https://10.0.0.5')).toBe('https://10.0.0.5/#/link/dkl_x');
  });
});
