// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { utf8 } from './bytes';
import { checkProof } from './check';
import { differences, type Shown } from './differs';
import { type Key, parseKey } from './note';
import vector from './testdata/proof.json';

const checked = checkProof(utf8(vector.proof), [parseKey(vector.key) as Key]);
const { component, time, ...says } = vector.says;
const shown: Shown = { ...says, log: component.replace('dukou/', ''), index: vector.index, time: new Date(Number(time)).toISOString() };

it('finds nothing where a page shows what the log has', () => expect(differences(shown, checked)).toEqual([]));

it.each([
  ['verdict', 'allow'],
  ['subject', 'internet/somebody-else'],
  ['object', undefined],
  ['reason', ''],
  ['flow', 'credit-query '],
  ['parcel', '00'.repeat(16)],
  ['class', 'delivery'],
  ['log', 'guard-outer'],
  ['index', vector.index + 1],
  ['time', '2026-11-22T16:55:25.148Z'],
])('finds another %s', (field, value) => expect(differences({ ...shown, [field]: value }, checked)).toEqual([field]));
