// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useMemo } from 'react';
import { useAddress } from '../../../parts/useAddress';
import { usePreferences } from '../../../session/preferences';
import { type Field, fields } from './fields';
import { dayOf } from './time';

// Query is a search as the center takes it; a saved view is the same as a text.
export type Query = { last?: string; from?: string; to?: string; text?: string; parcel?: string; not?: string[] } & Partial<Record<Field, string[]>>;

export interface Term {
  field: string;
  value: string;
  not: boolean;
}

// useSearch keeps a search in the page's address: the center's own names, and "day" for
// today and yesterday, which begin where the person is.
export function useSearch(allowed: readonly Field[], usual = '1h') {
  const address = useAddress();
  const { zone } = usePreferences();
  const day = address.one('day');
  const today = dayOf(new Date(), zone, 0).toISOString();
  return useMemo(() => {
    const query: Query = windowOf(address.one, today, zone, usual);
    for (const f of allowed) if (address.all(f).length > 0) query[f] = address.all(f);
    const not = address.all('not').filter((t) => (allowed as string[]).includes(t.split('=')[0] ?? ''));
    if (not.length > 0) query.not = not;
    for (const name of ['text', 'parcel'] as const) if (address.one(name)) query[name] = address.one(name);
    const range = day ?? (query.from || query.to ? 'own' : (query.last ?? usual));
    return { query, range, address, terms: termsOf(query), ...acts(address, query) };
  }, [address, allowed, day, today, zone, usual]);
}

export type Search = ReturnType<typeof useSearch>;
type Address = ReturnType<typeof useAddress>;

function windowOf(one: (name: string) => string | undefined, today: string, zone: string, usual: string): Query {
  const day = one('day');
  if (day === 'today') return { from: today };
  if (day === 'yesterday') return { from: dayOf(new Date(), zone, -1).toISOString(), to: today };
  const from = one('from');
  const to = one('to');
  if (from || to) return { ...(from ? { from } : {}), ...(to ? { to } : {}) };
  return { last: one('last') ?? usual };
}

// termsOf are the filters one by one.
function termsOf(query: Query): Term[] {
  const is = fields.flatMap((field) => (query[field] ?? []).map((value) => ({ field, value, not: false })));
  const not = (query.not ?? []).map((t) => {
    const at = t.indexOf('=');
    return { field: t.slice(0, at), value: t.slice(at + 1), not: true };
  });
  const words = (['text', 'parcel'] as const).flatMap((field) => (query[field] ? [{ field, value: query[field], not: false }] : []));
  return [...words, ...is, ...not];
}

function acts(address: Address, query: Query) {
  const of = (field: string) => (query as Record<string, string | string[] | undefined>)[field];
  const list = (field: string) => [of(field) ?? []].flat();
  const window = { last: null, from: null, to: null, day: null };
  return {
    // add has a field be one of its values and these, or none of these.
    add: (field: string, values: string[], not: boolean) => {
      const terms = values.map((v) => `${field}=${v}`);
      if (not) address.set({ not: [...new Set([...(query.not ?? []), ...terms])] });
      else address.set({ [field]: [...new Set([...list(field), ...values])] });
    },
    // only has a field be this value, and takes back that it should not be.
    only: (field: string, value: string) =>
      address.set({ [field]: [value], not: (query.not ?? []).filter((t) => t !== `${field}=${value}`) }),
    remove: (t: Term) =>
      t.not
        ? address.set({ not: (query.not ?? []).filter((x) => x !== `${t.field}=${t.value}`) })
        : address.set({ [t.field]: list(t.field).filter((x) => x !== t.value) }),
    clear: () => address.set(Object.fromEntries([...fields, 'not', 'text', 'parcel', 'state'].map((n) => [n, null]))),
    within: (range: string) => address.set({ ...window, ...(['today', 'yesterday'].includes(range) ? { day: range } : { last: range }) }),
    between: (from: string | undefined, to: string | undefined) => address.set({ ...window, from: from ?? null, to: to ?? null }),
    text: (text: string) => address.set({ text: text || null }),
  };
}

// textOf is a query as a saved view and a file's address have it.
export function textOf(query: object): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query as Record<string, string | string[] | undefined>))
    for (const v of [value ?? []].flat()) params.append(name, v);
  return params.toString();
}
