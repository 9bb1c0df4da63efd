// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';
import type { Field } from '../api/problem';
import { fieldIn } from './fields';

describe('what is not right with a field', () => {
  const said = (f: Partial<Field>) => (['en', 'zh'] as const).map((l) => fieldIn(l, { name: 'body.x', code: 'other', detail: 'as the center wrote it', ...f }));

  it('has its bounds in it', () => {
    expect(said({ code: 'number', least: 8, most: 64 })).toEqual(['from 8 to 64', '须为 8 到 64']);
    expect(said({ code: 'number', least: 0 })).toEqual(['at least 0', '至少 0']);
    expect(said({ code: 'bytes', most: 256 })).toEqual(['at most 256 bytes', '至多 256 字节']);
    expect(said({ code: 'characters', least: 1, most: 64 })).toEqual(['from 1 to 64 characters', '须为 1 到 64 个字符']);
    expect(said({ code: 'label', least: 1, most: 64 })).toEqual(['letters, digits, - and _, from 1 to 64', '只能用字母、数字、“-”和“_”，须为 1 到 64 个']);
    expect(said({ code: 'hex', least: 64, most: 64 })).toEqual(['64 hexadecimal digits', '须为 64 位十六进制数字']);
  });
  it('has its values in it', () => {
    expect(said({ code: 'choice', values: ['zh', 'en'] })).toEqual(['one of: zh, en', '只能取：zh、en']);
    expect(said({ code: 'case-fails', values: ['c', 'allow', 'no-rule'] })[1]).toBe('用例“c”期望 allow，结果为 no-rule');
    expect(said({ code: 'no-such' })).toEqual(['there is no such thing', '不存在']);
  });
  it('is what the center wrote in both languages, where it did', () => {
    expect(said({ detail: 'accepts nobody', chinese: '不接受任何主体' })).toEqual(['accepts nobody', '不接受任何主体']);
  });
  it('stays as the center wrote it where only that knows it', () => {
    expect(said({ code: 'newer' as Field['code'] })).toEqual(['as the center wrote it', 'as the center wrote it']);
    expect(said({})).toEqual(['as the center wrote it', 'as the center wrote it']);
    expect(said({ code: 'count' })).toEqual(['as the center wrote it', 'as the center wrote it']); // without its bounds
  });
});
