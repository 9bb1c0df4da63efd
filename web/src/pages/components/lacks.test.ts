// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';
import { comparedOf } from './compared';
import { type CenterLack, lackOf } from './lacks';

const words = {
  request: (k: string) => `request ${k}`,
  away: 'away',
  untrusted: 'untrusted',
  behind: 'behind',
  clock: 'clock',
  kernel: (w: string) => `kernel: ${w}`,
  features: { seccomp: 's', 'landlock-2': '2', 'landlock-3': '3', 'landlock-4': '4', 'landlock-5': '5', 'landlock-6': '6', 'landlock-9': '9', other: 'other' },
  signer: 'signer',
  notAdmitted: 'not admitted',
  noPolicy: 'no policy',
  version: (a: string, b: string) => `version ${a}/${b}`,
  drift: 'drift',
  unaccepted: 'unaccepted',
  ended: (w: string) => `ended ${w}`,
  ends: (w: string, d: string) => `ends ${w} ${d}`,
  life: 'life',
  certificate: (p: string) => `certificate of ${p}`,
};

describe('what a component lacks', () => {
  const now = Date.parse('2026-11-22T00:00:00Z');
  const said = (l: Omit<CenterLack, 'text'>) => lackOf({ text: 'as the center wrote it', ...l }, words, now);
  it('is said in words, with where it is done', () => {
    for (const [lack, want] of [
      [{ code: 'request', fingerprint: 'ab'.repeat(32), request: '0'.repeat(32) }, { text: 'request abababababababab…', act: 'admit', request: '0'.repeat(32) }],
      [{ code: 'kernel', feature: 'landlock-9', detail: 'no Landlock 9: a process may' }, { text: 'kernel: 9' }],
      [{ code: 'kernel', feature: 'other', detail: 'no Landlock 12' }, { text: 'kernel: other', hint: 'no Landlock 12' }],
      [{ code: 'away', detail: 'dial tcp: refused' }, { text: 'away', hint: 'dial tcp: refused' }],
      [{ code: 'version', version: '1', wanted: '2' }, { text: 'version 1/2' }],
      [{ code: 'drift' }, { text: 'drift', act: 'configuration' }],
      [{ code: 'ends', of: { code: 'keys' }, at: '2026-12-21T23:59:00Z' }, { text: 'ends life 29' }],
      [{ code: 'ended', of: { code: 'certificate', path: '/etc/a b.pem' }, at: '2026-11-21T00:00:00Z' }, { text: 'ended certificate of /etc/a b.pem' }],
      [{ code: 'of a newer center' as never }, { text: 'as the center wrote it' }],
    ] as const) {
      expect(said(lack)).toEqual(want);
    }
  });
});

describe('a fingerprint', () => {
  const whole = '0123456789abcdef'.repeat(4);
  it('is compared by its beginning, however it is grouped', () => {
    for (const [typed, want] of [
      ['', 'short'],
      ['0123 4567 89ab', 'short'],
      ['0123 4567 89AB cdef', 'same'],
      ['01:23:45:67:89:ab:cd:ef:01', 'same'],
      [`${whole} `, 'same'],
      [`${whole}0`, 'other'],
      ['0124', 'other'],
      ['123456789abcdef0', 'other'],
    ] as const) {
      expect(comparedOf(typed, whole), typed).toBe(want);
    }
    expect(comparedOf('', '')).toBe('short');
  });
});
