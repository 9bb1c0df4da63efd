// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { itemsOf, type Texts } from './edit';
import type { FieldWish, RouteWish, Wish, Zone } from './wish';

type Plain = Record<string, unknown>;
const record = (v: unknown): Plain => (typeof v === 'object' && v !== null && !Array.isArray(v) ? (v as Plain) : {});
const text = (v: unknown) => (typeof v === 'string' ? v : '');
const number = (v: unknown, usual: number) => (typeof v === 'number' ? v : usual);
const list = (v: unknown) => (Array.isArray(v) ? v.filter((x): x is string => typeof x === 'string') : []);

// Around is what the draft has that a new flow may use.
export interface Around {
  zones: Zone[];
  flows: { name: string; protocol: string; from: string; to: string; entryFront: string; listener: string; exitFront: string; target: string }[];
  objects: { id: string; alias?: string; aliases: Plain }[];
  subjects: { id: string; groups: string[]; keyed: boolean }[];
}

export function aroundOf(texts: Texts): Around {
  return {
    zones: itemsOf(texts, 'zones').map(({ value: z }) => {
      const c = record(z.class);
      return { name: text(z.name), inner: z.inner === true, integrity: number(c.integrity, 1), confidentiality: number(c.confidentiality, 1) };
    }),
    flows: itemsOf(texts, 'flows').map(({ value: f }) => ({
      name: text(f.name), protocol: text(f.protocol), from: text(f.from), to: text(f.to),
      entryFront: text(record(f.entry).front), listener: text(record(f.entry).listener), exitFront: text(record(f.exit).front), target: text(record(f.exit).target),
    })),
    objects: itemsOf(texts, 'objects').map(({ value: o }) => ({ id: text(o.id), aliases: record(o.aliases) })),
    subjects: itemsOf(texts, 'subjects').map(({ value: s }) => ({
      id: text(s.id), groups: list(s.groups), keyed: Array.isArray(s.credentials) && s.credentials.some((c) => 'api-key' in record(c)),
    })),
  };
}

export const field = (name = ''): FieldWish => ({ name, type: 'string', values: '', max: 64 });
export const route = (): RouteWish => ({ method: 'GET', path: '/', query: [], body: [], status: 200, answer: [field('status')] });

// begin is a wish with what is usual: from an outer zone to the inner one, over the ends
// that other flows use.
export function begin(around: Around): Wish {
  const outer = around.zones.find((z) => !z.inner)?.name ?? '';
  const inner = around.zones.find((z) => z.inner)?.name ?? '';
  const wish: Wish = {
    name: '', about: '', from: outer, to: inner, protocol: 'http', entryFront: '', listener: '', exitFront: '', target: '',
    object: '', newObject: { name: '', integrity: 1, confidentiality: 1, categories: [] }, action: '', purpose: '',
    class: { confidentiality: 1, categories: [] }, answer: { confidentiality: 1, categories: [] }, raise: null, accept: 'api-key', issuer: '',
    who: '', newSubject: { name: '', group: '', digest: '', confidentiality: 1, categories: [] }, routes: [route()],
    files: { maxSize: '8MiB', extensions: ['.csv'], ready: 'rename', receipts: true },
    limits: { rate: '5/s', timeout: '10s', request: '4KiB', answer: '64KiB' }, cedar: null,
  };
  return { ...wish, ...waysOf(around, wish) };
}

// waysOf is what follows when zones or protocol are chosen anew.
export function waysOf(around: Around, w: Wish): Partial<Wish> {
  const alike = around.flows.find((f) => f.from === w.from && f.to === w.to && f.protocol === w.protocol) ?? around.flows.find((f) => f.from === w.from && f.to === w.to);
  const from = around.zones.find((z) => z.name === w.from);
  const to = around.zones.find((z) => z.name === w.to);
  const keyed = around.subjects.find((s) => s.id.startsWith(`${w.from}/`) && s.keyed);
  const front = around.subjects.find((s) => s.id === `${w.from}/${alike?.entryFront}`);
  const who = w.protocol === 'file' ? front : keyed;
  const integrity = to?.integrity ?? 1;
  // An answer goes the other way, and is checked there.
  const wanted = w.protocol === 'http' ? Math.max(from?.integrity ?? 1, integrity) : integrity;
  const least = w.protocol === 'http' ? Math.min(from?.integrity ?? 1, integrity) : (from?.integrity ?? 1);
  return {
    entryFront: alike?.entryFront ?? '', listener: alike?.protocol === w.protocol ? alike.listener : '', exitFront: alike?.exitFront ?? '', target: alike?.protocol === w.protocol ? alike.target : '',
    raise: wanted > least ? wanted : null,
    newObject: { ...w.newObject, integrity },
    accept: w.protocol === 'file' ? 'component' : 'api-key',
    who: who ? (who.groups[0] ? `group:${who.groups[0]}` : who.id) : 'new',
  };
}

// memberOf is a subject of a group, to ask a case with; a family gives one of its members.
export function memberOf(around: Around, who: string): string {
  const id = who.startsWith('group:') ? around.subjects.find((s) => s.groups.includes(who.slice(6)))?.id : who;
  return (id ?? who).replace(/\*$/, '1');
}
