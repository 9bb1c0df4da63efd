// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';

export type Item = Schemas['InboxItem'];
export type Kind = Item['about']['code'];

// The order in which kinds are shown: what has a clock first.
const order: string[] = ['publication', 'proposal', 'alert', 'component', 'configuration', 'part', 'finding'];

// byKind groups what waits; what ends first comes first in each group.
export function byKind(items: Item[]): { kind: string; items: Item[] }[] {
  const kinds = [...order, ...items.map((i) => i.kind)].filter((k, i, all) => all.indexOf(k) === i);
  const due = (i: Item) => (i.until ? Date.parse(i.until) : Number.POSITIVE_INFINITY);
  return kinds
    .map((kind) => ({ kind, items: items.filter((i) => i.kind === kind).sort((a, b) => due(a) - due(b) || 0) }))
    .filter((g) => g.items.length > 0);
}

// placeOf is the page on which something that waits is done; none for a kind that this
// console does not know.
export function placeOf(item: Pick<Item, 'kind' | 'id'>): string | undefined {
  const id = encodeURIComponent(item.id);
  const places: Record<Kind, string> = {
    proposal: `/proposals/${id}`,
    publication: `/policy/publications/${id}`,
    part: `/policy/drafts/${id}`,
    component: `/components?admit=${id}`,
    configuration: `/components/${id}?tab=configuration`,
    alert: `/alerts/${id}`,
    finding: `/findings/${id}`,
  };
  return (places as Partial<typeof places>)[item.kind as Kind];
}
