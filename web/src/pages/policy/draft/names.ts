// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { plainOf, type Path, type Texts } from './edit';
import type { Schema } from './schema';

// Known are the names that a draft's own files give, which other places of it then use.
export type Known = Record<Sort, string[]>;
export type Sort =
  | 'zones' | 'issuers' | 'objects' | 'aliases' | 'subjects' | 'groups' | 'flows' | 'actions' | 'purposes' | 'categories' | 'fronts' | 'listeners' | 'targets' | 'routes';

type Plain = Record<string, unknown>;
const record = (v: unknown): Plain => (typeof v === 'object' && v !== null && !Array.isArray(v) ? (v as Plain) : {});
const list = (v: unknown): unknown[] => (Array.isArray(v) ? v : []);

// namesOf collects them.
export function namesOf(texts: Texts): Known {
  const found = new Map<Sort, Set<string>>();
  const add = (sort: Sort, ...values: unknown[]) => {
    const set = found.get(sort) ?? new Set<string>();
    found.set(sort, set);
    for (const v of values) if (typeof v === 'string' && v !== '') set.add(v);
  };
  for (const { value } of plainOf(texts).files) {
    add('categories', ...list(value.categories));
    for (const z of list(value.zones).map(record)) add('zones', z.name);
    for (const i of list(value.issuers).map(record)) add('issuers', i.name);
    for (const o of list(value.objects).map(record)) {
      add('objects', o.id);
      add('groups', ...list(o.groups));
      add('aliases', ...Object.values(record(o.aliases)));
    }
    for (const s of list(value.subjects).map(record)) {
      add('subjects', s.id, ...Object.values(record(s.proxies)));
      add('groups', ...list(s.groups));
    }
    for (const f of list(value.flows).map(record)) addFlow(add, f);
  }
  const sorts: Sort[] = ['zones', 'issuers', 'objects', 'aliases', 'subjects', 'groups', 'flows', 'actions', 'purposes', 'categories', 'fronts', 'listeners', 'targets', 'routes'];
  return Object.fromEntries(sorts.map((s) => [s, [...(found.get(s) ?? [])].sort()])) as Known;
}

function addFlow(add: (sort: Sort, ...values: unknown[]) => void, f: Plain) {
  const entry = record(f.entry);
  const exit = record(f.exit);
  add('flows', f.name);
  add('actions', f.action);
  add('purposes', f.purpose);
  add('fronts', entry.front, exit.front);
  add('listeners', entry.listener);
  add('targets', exit.target);
  for (const r of list(f.routes).map(record)) add('routes', r.name);
}

// Under which keys which names are used.
const usedUnder: Record<string, Sort[]> = {
  from: ['zones'],
  to: ['zones'],
  issuer: ['issuers'],
  object: ['aliases', 'objects'],
  front: ['fronts'],
  listener: ['listeners'],
  target: ['targets'],
  subject: ['subjects'],
  flow: ['flows'],
  groups: ['groups'],
  categories: ['categories'],
  action: ['actions'],
  purpose: ['purposes'],
  route: ['routes'],
};

// namesFor are the names that fit at a place; none where any text does.
export function namesFor(known: Known, path: Path, schema?: Schema): string[] {
  const said = schema?.['x-ref'];
  if (said === 'objects') return [...known.aliases, ...known.objects];
  if (said !== undefined && said in known) return known[said as Sort];
  const keys = path.filter((step): step is string => typeof step === 'string' && step !== '[]');
  if (keys.length < 2 && keys[0] === 'categories') return [];
  return (usedUnder[keys[keys.length - 1] ?? ''] ?? []).flatMap((sort) => known[sort]);
}

// keysFor are the names that fit as keys: zones, where another zone's name is told.
export function keysFor(known: Known, path: Path): string[] {
  const last = path[path.length - 1];
  return last === 'aliases' || last === 'proxies' ? known.zones : [];
}
