// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';
import type { Schemas } from '../../api/client';
import { inWords, joined, split } from './durations';
import { fold } from './fold';
import { read, write } from './week';

const alert = (id: string, cause?: string) => ({ id, cause }) as unknown as Schemas['AlertView'];

describe('fold', () => {
  it('puts alerts below what explains them, wherever that stands in the list', () => {
    const rows = fold([alert('a', 'c'), alert('b'), alert('c'), alert('d', 'c')]);
    expect(rows.map((r) => r.id)).toEqual(['b', 'c']);
    expect(rows[1]?.children?.map((r) => r.id)).toEqual(['a', 'd']);
    expect(rows[1]?.below).toBe(2);
  });
  it('loses none whose cause is not in the list, or that name each other', () => {
    expect(fold([alert('a', 'elsewhere')]).map((r) => r.id)).toEqual(['a']);
    expect(fold([alert('a', 'b'), alert('b', 'a'), alert('s', 's')]).map((r) => r.id)).toEqual(['a', 'b', 's']);
  });
});

describe('durations', () => {
  it('are said in words', () => {
    expect(inWords(150, 'en')).toBe('2 minutes 30 seconds');
    expect(inWords(7 * 86400, 'zh')).toContain('7');
  });
  it('are the same after they are split for a form', () => {
    for (const s of [0, 1, 59, 60, 90, 3600, 5400, 86400, 86401]) {
      const { n, unit } = split(s);
      expect(joined(n, unit)).toBe(s);
    }
    expect(split(5400)).toEqual({ n: 90, unit: 'minute' });
  });
});

describe('windows of a channel', () => {
  it('are read and written as the center has them', () => {
    for (const text of ['1-5 09:00-18:00 1', '6 00:00-24:00 3', '6-1 22:00-06:00 2']) {
      const w = read(text);
      expect(w && write(w)).toBe(text);
    }
    expect(read('8 09:00-18:00 1')).toBeUndefined();
  });
});
