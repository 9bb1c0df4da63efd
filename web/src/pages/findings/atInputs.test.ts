// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { nameOf } from './atInputs';

it.each([
  ['body.title', ['title']],
  ['body.entries[12]', ['entries', 12]],
  ['body.entries[0].log', ['entries', 0, 'log']],
  ['body', []],
])('finds the field of %s', (field, name) => expect(nameOf(field)).toEqual(name));
