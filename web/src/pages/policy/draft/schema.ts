// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Language } from '../../../language/texts';
import type { Path } from './edit';

// Schema is what is needed of a JSON Schema: the center says by it what files of policy may
// hold (GET /api/policies/schema).
export interface Schema {
  $ref?: string;
  $defs?: Record<string, Schema>;
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  patternProperties?: Record<string, Schema>;
  propertyNames?: Schema;
  items?: Schema;
  required?: string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  examples?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  'x-zh'?: { title?: string; description?: string }; // title and description in Chinese
  'x-ref'?: string; // what a text names: zones, objects, issuers, …
  'x-file'?: string; // where entries of a list are usually kept
  'x-needed'?: boolean; // with x-when: it must be there then
  'x-when'?: Record<string, string[]>; // it means something beside those values of another key
  'x-without'?: string[]; // keys that it does not go with
}

// resolved follows references and joins what is said in parts: of choices, all that any of
// them may have.
export function resolved(root: Schema, s: Schema | undefined, depth = 0): Schema {
  if (!s || depth > 20) return {};
  let out: Schema = { ...s };
  if (s.$ref) {
    const { $ref, ...own } = s;
    const target = resolved(root, pointed(root, $ref), depth + 1);
    out = { ...target, ...own };
    if (target['x-zh'] && own['x-zh']) out['x-zh'] = { ...target['x-zh'], ...own['x-zh'] };
  }
  for (const part of [...(out.allOf ?? []), ...(out.anyOf ?? []), ...(out.oneOf ?? [])]) out = joined(out, resolved(root, part, depth + 1), out.allOf?.includes(part) ?? false);
  return out;
}

function pointed(root: Schema, ref: string): Schema | undefined {
  let at: unknown = root;
  for (const step of ref.replace(/^#\/?/, '').split('/').filter(Boolean)) {
    at = (at as Record<string, unknown> | undefined)?.[step.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return at as Schema | undefined;
}

function joined(a: Schema, b: Schema, all: boolean): Schema {
  const out: Schema = { ...b, ...a };
  if (a.properties || b.properties) out.properties = { ...b.properties, ...a.properties };
  if (all && (a.required || b.required)) out.required = [...(a.required ?? []), ...(b.required ?? [])];
  else if (a.required) out.required = a.required;
  else delete out.required;
  if (a.enum && b.enum) out.enum = [...new Set([...a.enum, ...b.enum])];
  return out;
}

// childOf is the schema of what stands under a key, or of an item of a list.
export function childOf(root: Schema, s: Schema, step: string | number): Schema | undefined {
  const here = resolved(root, s);
  if (typeof step === 'number' || step === '[]') return here.items;
  const known = here.properties?.[step];
  if (known) return known;
  for (const [pattern, one] of Object.entries(here.patternProperties ?? {})) if (new RegExp(pattern, 'u').test(step)) return one;
  return typeof here.additionalProperties === 'object' ? here.additionalProperties : undefined;
}

// schemaAt is the schema of a place; empty where none is known.
export function schemaAt(root: Schema, path: Path): Schema {
  let s: Schema | undefined = root;
  for (const step of path) s = s && childOf(root, s, step);
  return resolved(root, s);
}

// kindOf is how a value is edited.
export type Kind = 'text' | 'integer' | 'boolean' | 'choice' | 'texts' | 'list' | 'record' | 'named' | 'other';

export function kindOf(root: Schema, s: Schema): Kind {
  const here = resolved(root, s);
  const types = typeof here.type === 'string' ? [here.type] : (here.type ?? []);
  if (here.enum) return 'choice';
  if (here.properties) return 'record';
  if (typeof here.additionalProperties === 'object' || here.patternProperties) return 'named';
  if (here.items) return ['text', 'choice', 'integer'].includes(kindOf(root, here.items)) ? 'texts' : 'list';
  if (types.includes('boolean')) return 'boolean';
  if (types.includes('string')) return 'text';
  if (types.includes('integer') || types.includes('number')) return 'integer';
  return 'other';
}

// titleOf and descriptionOf are the center's words for a place, in the person's language.
export function titleOf(s: Schema, language: Language): string | undefined {
  return (language === 'zh' ? s['x-zh']?.title : undefined) ?? s.title;
}

export function descriptionOf(s: Schema, language: Language): string | undefined {
  return (language === 'zh' ? s['x-zh']?.description : undefined) ?? s.description;
}

// keysOf tells of the keys of a record, which of them it must have beside its values now,
// and which it may.
export function keysOf(root: Schema, record: Schema, value: Record<string, unknown>): { key: string; schema: Schema; must: boolean; may: boolean }[] {
  const s = resolved(root, record);
  const all = Object.entries(s.properties ?? {}).map(([key, raw]) => ({ key, schema: resolved(root, raw) }));
  return all.map(({ key, schema }) => {
    const fits = Object.entries(schema['x-when'] ?? {}).every(([other, values]) => values.includes(valueNow(all, value, other)));
    const free = !(schema['x-without'] ?? []).some((other) => other in value);
    const must = (s.required ?? []).includes(key) || (schema['x-when'] !== undefined && fits && schema['x-needed'] === true);
    return { key, schema, must, may: fits && free };
  });
}

// valueNow is the value of a key: as it stands, as another key implies it, or the usual one.
function valueNow(all: { key: string; schema: Schema }[], value: Record<string, unknown>, key: string): string {
  if (value[key] !== undefined) return String(value[key]);
  const implied = all.find((p) => p.key in value && p.schema['x-needed'] && p.schema['x-when']?.[key]?.length === 1);
  return implied?.schema['x-when']?.[key]?.[0] ?? String(all.find((p) => p.key === key)?.schema.default ?? '');
}

// labelOf names a field by the center's words and its key: by what they say before the first
// semicolon, where that is short. The rest is for the line below.
export function labelOf(schema: Schema, key: string, language: Language): { label: string; about: string } {
  const all = descriptionOf(schema, language) ?? '';
  const [head = '', ...rest] = all.split(language === 'zh' ? '；' : '; ');
  const short = head !== '' && head.length <= (language === 'zh' ? 16 : 34);
  const word = short ? head : titleOf(schema, language);
  return { label: word ? `${word} (${key})` : key, about: short ? rest.join(language === 'zh' ? '；' : '; ') : all };
}

// beginningOf is what a field that is added begins with.
export function beginningOf(root: Schema, schema: Schema, depth = 0): unknown {
  const s = resolved(root, schema);
  if (s.default !== undefined) return s.default;
  switch (kindOf(root, schema)) {
    case 'boolean':
      return true;
    case 'integer':
      return s.minimum ?? 1;
    case 'choice':
      return s.enum?.[0];
    case 'texts':
    case 'list':
      return [];
    case 'named':
      return {};
    case 'record':
      return depth > 4 ? {} : Object.fromEntries((s.required ?? []).map((k) => [k, beginningOf(root, childOf(root, s, k) ?? {}, depth + 1)]));
    default:
      return '';
  }
}

// inferred is the schema of a value that the center's schema does not know, so that a form
// shows it nevertheless.
export function inferred(value: unknown): Schema {
  if (typeof value === 'boolean') return { type: 'boolean' };
  if (typeof value === 'number') return { type: 'integer' };
  if (Array.isArray(value)) return { type: 'array', items: value.length > 0 ? inferred(value[0]) : { type: 'string' } };
  if (typeof value === 'object' && value !== null) return { type: 'object', properties: Object.fromEntries(Object.entries(value).map(([k, v]) => [k, inferred(v)])) };
  return { type: 'string' };
}
