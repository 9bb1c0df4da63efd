// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import type { Language } from '../../../language/texts';
import { type Known, keysFor, namesFor } from './names';
import { descriptionOf, kindOf, resolved, type Schema, schemaAt, titleOf } from './schema';
import { whereIs } from './where';

// Knowing is what completion needs; the editor asks for it at each use, since it changes.
export interface Knowing {
  schema: Schema;
  known: Known;
  language: Language;
}

// completions offers keys and values of YAML by the schema, and the draft's own names.
export function completions(knowing: () => Knowing) {
  return (context: CompletionContext): CompletionResult | null => {
    const { schema, known, language } = knowing();
    const where = whereIs(context.state.doc.toString(), context.pos);
    if (!context.explicit && where.from === context.pos) return null;
    const here = schemaAt(schema, where.path);
    const options = where.typing === 'value' || (where.typing === 'either' && !here.properties) ? valuesOf(here, known, where.path) : keysOf(schema, here, known, where, language);
    return options.length > 0 ? { from: where.from, options, validFor: /^[\w@./:-]*$/ } : null;
  };
}

function keysOf(root: Schema, here: Schema, known: Known, where: ReturnType<typeof whereIs>, language: Language): Completion[] {
  const required = new Set(here.required ?? []);
  const fits = (s: Schema) => Object.entries(s['x-when'] ?? {}).every(([key, values]) => !where.beside[key] || values.includes(where.beside[key]!));
  const free = (s: Schema) => !(s['x-without'] ?? []).some((key) => where.present.includes(key));
  const fitting = Object.entries(here.properties ?? {}).filter(([, raw]) => fits(resolved(root, raw)) && free(resolved(root, raw)));
  const keys = fitting.map(([key, raw]): Completion => {
    const one = resolved(root, raw);
    const title = titleOf(one, language);
    const info = descriptionOf(one, language);
    const nested = ['record', 'named', 'list'].includes(kindOf(root, one));
    return { label: key, type: 'property', apply: nested ? `${key}:` : `${key}: `, boost: required.has(key) ? 1 : 0, ...(title ? { detail: title } : {}), ...(info ? { info } : {}) };
  });
  const names = keysFor(known, where.path).map((label): Completion => ({ label, type: 'constant', apply: `${label}: ` }));
  return [...keys, ...names].filter((c) => !where.present.includes(c.label));
}

function valuesOf(here: Schema, known: Known, path: ReturnType<typeof whereIs>['path']): Completion[] {
  const fixed = (here.enum ?? (here.type === 'boolean' ? [true, false] : (here.examples ?? []))).map((v): Completion => ({ label: String(v), type: 'enum' }));
  const names = namesFor(known, path, here).map((label): Completion => ({ label, type: 'constant' }));
  return [...fixed, ...names];
}
