// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { comparedOf } from './compared';
import { lackOf } from './lacks';

const words = {
  request: (k: string) => `request ${k}`,
  kernel: (w: string) => `kernel ${w}`,
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
  it('is said in words, with where it is done', () => {
    for (const [sentence, want] of [
      [`a request with key ${'ab'.repeat(32)} waits to be admitted (dukou component admit ${'0'.repeat(32)})`, { text: 'request abababababababab…', act: 'admit', request: '0'.repeat(32) }],
      ['its kernel cannot confine it: no Landlock 9', { text: 'kernel no Landlock 9' }],
      ['its kernel cannot confine it: no Landlock 9: a process may', { text: 'kernel no Landlock 9', hint: 'no Landlock 9: a process may' }],
      ['whether it is admitted is not known: the signer does not answer', { text: 'signer' }],
      ['it runs version 1, this center 2', { text: 'version 1/2' }],
      ['its configuration is not the intended one (dukou component configuration diff a)', { text: 'drift', act: 'configuration' }],
      ['the life of its policy and keys ends in 29 days', { text: 'ends life 29' }],
      ['certificate /etc/a b.pem has ended', { text: 'ended certificate of /etc/a b.pem' }],
      ['dial tcp: refused', { text: 'dial tcp: refused' }],
    ] as const) {
      expect(lackOf(sentence, words)).toEqual(want);
    }
  });
  // The center's own program is the source of these sentences: when one changes there, this fails.
  it('has the forms that the center writes', () => {
    const source = readFileSync(new URL('../../../../internal/inventory/component.go', import.meta.url), 'utf8');
    for (const form of [
      '"a request with key %s waits to be admitted (dukou component admit %s)"',
      '"its kernel cannot confine it: "',
      '"whether it is admitted is not known: the signer does not answer"',
      '"it is in the policy in force and not admitted: it gets no keys any more"',
      '"no policy in force names it"',
      '"it runs version %s, this center %s"',
      '"its configuration is not the intended one (dukou component configuration diff %s)"',
      '"no configuration of it was accepted yet (dukou component configuration accept %s)"',
      '" has ended"',
      '"%s ends in %d days"',
      '"the life of its policy and keys"',
      '"certificate "',
    ]) {
      expect(source, form).toContain(form);
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
