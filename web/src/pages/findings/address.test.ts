// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { entriesOf, filterOf } from './address';

it('reads the entries of an address in pairs', () => {
  expect(entriesOf(['guard-inner', 'center'], ['4', '17'])).toEqual([
    { log: 'guard-inner', index: 4 },
    { log: 'center', index: 17 },
  ]);
  expect(entriesOf(['a', 'b'], ['x'])).toEqual([]);
});

it('asks the center for what the address says, and for nothing that it does not', () => {
  const of = (text: string) => (name: string) => new URLSearchParams(text).get(name) ?? undefined;
  expect(filterOf(of(''), [])).toEqual({});
  expect(filterOf(of('state=open&severity=3&overdue=true'), [{ log: 'a', index: 0 }])).toEqual({ state: 'open', severity: 3, overdue: true, log: 'a', index: 0 });
});
