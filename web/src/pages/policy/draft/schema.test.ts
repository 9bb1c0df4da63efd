// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';
import { beginningOf, descriptionOf, keysOf, kindOf, labelOf, type Schema, schemaAt } from './schema';

const root: Schema = {
  type: 'object',
  properties: { flows: { type: 'array', items: { $ref: '#/$defs/flow' } } },
  $defs: {
    flow: {
      type: 'object',
      required: ['name', 'protocol'],
      properties: {
        name: { type: 'string' },
        protocol: { type: 'string', enum: ['http', 'file'] },
        routes: { type: 'array', items: { $ref: '#/$defs/value' }, 'x-when': { protocol: ['http'] }, 'x-needed': true },
        files: { type: 'object', properties: {}, 'x-when': { protocol: ['file'] }, 'x-needed': true },
        aliases: { type: 'object', additionalProperties: { type: 'string' }, description: 'other names', 'x-zh': { description: '别名' } },
      },
    },
    value: {
      type: 'object',
      properties: {
        type: { type: 'string', enum: ['string', 'record'], default: 'string' },
        max: { type: 'integer', 'x-when': { type: ['string'] } },
        fields: { type: 'object', additionalProperties: { $ref: '#/$defs/value' }, 'x-when': { type: ['record'] }, 'x-needed': true },
      },
    },
  },
};

const flow = schemaAt(root, ['flows', '[]']);
const must = (value: Record<string, unknown>, of = flow) => keysOf(root, of, value).filter((k) => k.must).map((k) => k.key);
const may = (value: Record<string, unknown>, of = flow) => keysOf(root, of, value).filter((k) => k.may).map((k) => k.key);

test('what must be there depends on the values beside it', () => {
  expect(must({ protocol: 'http' })).toEqual(['name', 'protocol', 'routes']);
  expect(may({ protocol: 'http' })).not.toContain('files');
  expect(must({ protocol: 'file' })).toEqual(['name', 'protocol', 'files']);
});

test('a key that is there implies the value that it goes with', () => {
  const value = schemaAt(root, ['flows', '[]', 'routes', '[]']);
  expect(may({}, value)).toEqual(['type', 'max']);
  expect(may({ fields: {} }, value)).toEqual(['type', 'fields']);
});

test('kinds, beginnings and words', () => {
  expect(kindOf(root, flow)).toBe('record');
  expect(kindOf(root, schemaAt(root, ['flows', '[]', 'aliases']))).toBe('named');
  expect(beginningOf(root, flow)).toEqual({ name: '', protocol: 'http' });
  expect(descriptionOf(schemaAt(root, ['flows', '[]', 'aliases']), 'zh')).toBe('别名');
});

test('a label is what is said before the first semicolon, if that is short', () => {
  const schema: Schema = { description: 'zone that it ends in; one of both is inner', 'x-zh': { description: '目的安全域；其一为内侧；不可省略' } };
  expect(labelOf(schema, 'to', 'zh')).toEqual({ label: '目的安全域 (to)', about: '其一为内侧；不可省略' });
  expect(labelOf(schema, 'to', 'en')).toEqual({ label: 'zone that it ends in (to)', about: 'one of both is inner' });
  expect(labelOf({ description: 'for whoever has to know what is longer than a label; and more' }, 'to', 'en')).toEqual({ label: 'to', about: 'for whoever has to know what is longer than a label; and more' });
});
