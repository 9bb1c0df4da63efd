// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { parcelIn } from './parcel';

const id = '942d5fb2ba01959f39e972ca2b6be3b7';

it.each([
  id,
  ` ${id} `,
  id.toUpperCase(),
  '942d5fb2-ba01-959f-39e9-72ca2b6be3b7',
  `{942d5fb2-ba01-959f-39e9-72ca2b6be3b7}`,
  `Dukou-Id: ${id}`,
  `parcel: ${id}`,
  `parcel=${id}`,
  'urn:uuid:942d5fb2-ba01-959f-39e9-72ca2b6be3b7',
  `https://center.bank.internal/#/crossings/${id}`,
])('%s is the id of a parcel', (text) => expect(parcelIn(text)).toBe(id));

it.each(['', 'credit-query', id.slice(1), `${id}0`, 'internet/portal', '942d5fb2'])('%s is none', (text) => expect(parcelIn(text)).toBeNull());
