// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { type Query, textOf } from './useSearch';

// viewOf is what a saved view keeps of what is chosen: a day by its name, which is another
// one tomorrow, and the states of parcels.
export function viewOf(query: Query, day: string | undefined, states: string[] = []): string {
  const { from, to, ...rest } = query;
  if (day === 'today' || day === 'yesterday') return textOf({ day, ...rest, state: states });
  return textOf({ from, to, ...rest, state: states });
}

// pageOf is where a view is shown: here, unless it has what only another page can choose by.
export function pageOf(view: string, here: string): string {
  const has = new URLSearchParams(view);
  if (has.has('state')) return '/crossings';
  return has.has('class') || has.has('address') ? '/evidence' : here;
}
