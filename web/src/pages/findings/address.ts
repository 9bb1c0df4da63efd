// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { paths } from '../../api/description.gen';
import type { Schemas } from '../../api/client';

type Query = NonNullable<paths['/api/findings']['get']['parameters']['query']>;

// entriesOf are the entries that an address names: ?log=a&index=1&log=b&index=2.
export function entriesOf(logs: string[], indexes: string[]): Schemas['FindingEntry'][] {
  return logs.flatMap((log, n) => {
    const index = indexes[n];
    return index !== undefined && /^\d{1,16}$/.test(index) ? [{ log, index: Number(index) }] : [];
  });
}

// filterOf is what the center is asked for by an address.
export function filterOf(one: (name: string) => string | undefined, entries: Schemas['FindingEntry'][]): Query {
  const of: Record<string, string | number | boolean | undefined> = {
    state: one('state'),
    owner: one('owner'),
    severity: Number(one('severity')) || undefined,
    overdue: one('overdue') === 'true' || undefined,
    log: entries[0]?.log,
    index: entries[0]?.index,
  };
  return Object.fromEntries(Object.entries(of).filter(([, v]) => v !== undefined));
}
