// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { fieldIn } from '../language/fields';
import { byInput, nameOf } from './useAtInputs';

it.each([
  ['body.title', ['title']],
  ['body.entries[12]', ['entries', 12]],
  ['body.entries[0].log', ['entries', 0, 'log']],
  ['query.limit', ['limit']],
  ['bodyguard', ['bodyguard']],
  ['body', []],
])('finds the field of %s', (field, name) => expect(nameOf(field)).toEqual(name));

it('gathers what is said of one input', () => {
  const fields = [
    { name: 'body.password', code: 'characters' as const, detail: 'at least 12 characters', least: 12 },
    { name: 'body.name', code: 'form' as const, detail: 'as zhang.wei', like: 'zhang.wei' },
    { name: 'body.password', code: 'classes' as const, detail: '3 of …', least: 3 },
  ];
  expect(byInput(fields, (f) => fieldIn('zh', f))).toEqual([
    { name: ['password'], errors: ['至少 12 个字符', '小写、大写、数字、其他字符中至少 3 类'] },
    { name: ['name'], errors: ['格式不对，例如 zhang.wei'] },
  ]);
});
