// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';
import { madeOf } from './kinds';
import { backOf, isNumber, passkeysAt } from './place';

const setup = { domain: 'console.bank.internal', origins: ['https://console.bank.internal:8443'] };

describe('where passkeys work', () => {
  it('is the address that the center tells, and no other', () => {
    expect(passkeysAt(setup, 'https://console.bank.internal:8443', true)).toEqual({ here: true });
    expect(passkeysAt(setup, 'https://Console.bank.internal:8443', true)).toEqual({ here: true });
    expect(passkeysAt(setup, 'https://console.bank.internal', true)).toMatchObject({ why: 'elsewhere', byNumber: false, at: setup.origins });
    expect(passkeysAt(setup, 'https://10.0.0.5:8443', true)).toMatchObject({ why: 'elsewhere', byNumber: true });
    expect(passkeysAt(setup, 'https://console.bank.internal:8443', false)).toMatchObject({ why: 'browser' });
    expect(passkeysAt({}, 'https://10.0.0.5:8443', true)).toMatchObject({ why: 'unset' });
  });
  it('is not a number, of either kind', () => {
    expect(isNumber('https://[fe80::1]:8443')).toBe(true);
    expect(isNumber('https://10.0.0.5')).toBe(true);
    expect(isNumber('https://10.bank')).toBe(false);
    expect(isNumber('')).toBe(false);
  });
});

describe('the way back after signing in', () => {
  it('is a page of the console', () => {
    expect(backOf('/crossings?flow=a')).toBe('/crossings?flow=a');
    for (const bad of [null, '', 'https://evil.example', '//evil.example', '/\\evil.example', '/sign-in', '/sign-in?back=%2F', '/link/dkl_x']) {
      expect(backOf(bad)).toBe('/overview');
    }
  });
});

describe('a password', () => {
  it('is counted as the center counts it', () => {
    expect(madeOf('')).toMatchObject({ length: 0, kinds: 0 });
    expect(madeOf('aA1-')).toMatchObject({ length: 4, kinds: 4 });
    expect(madeOf('渡口😀')).toMatchObject({ length: 3, kinds: 1, other: true });
    expect(madeOf('éÉ')).toMatchObject({ lower: true, upper: true, other: false });
  });
});
