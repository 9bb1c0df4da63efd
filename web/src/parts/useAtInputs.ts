// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { FormInstance } from 'antd';
import { type Field, problemOf } from '../api/problem';
import { useFieldText } from '../language/fields';

type At = (string | number)[];

// nameOf is the field of a form that the center means: body.entries[0] is ['entries', 0].
export function nameOf(field: string): At {
  const parts = field.replace(/^(body|path|query)\b\.?/, '').split(/[.[\]]+/).filter((p) => p !== '');
  return parts.map((p) => (/^\d+$/.test(p) ? Number(p) : p));
}

// byInput gathers what is not right by the fields of a form, since one may have several.
export function byInput(fields: Field[], say: (f: Field) => string): { name: At; errors: string[] }[] {
  const all = new Map<string, { name: At; errors: string[] }>();
  for (const f of fields) {
    const at = all.get(f.name) ?? { name: nameOf(f.name), errors: [] };
    at.errors.push(say(f));
    all.set(f.name, at);
  }
  return [...all.values()];
}

// useMark shows at the inputs of a form what the center says of its fields, and gives
// those that have an input and whether these are all.
export function useMark(form: FormInstance): (error: unknown) => { here: At[]; all: boolean } {
  const say = useFieldText();
  return (error) => {
    const told = byInput(problemOf(error).fields, say).filter((f) => f.name.length > 0);
    form.setFields(told as never);
    const here = told.map((f) => f.name).filter((name) => (form.getFieldInstance(name) as unknown) !== undefined);
    return { here, all: here.length > 0 && new Set(problemOf(error).fields.map((f) => f.name)).size === here.length };
  };
}

// useAtInputs does what a form is for. What the center says of its fields is shown at them.
export function useAtInputs(form: FormInstance): <T>(act: () => Promise<T>) => Promise<T> {
  const mark = useMark(form);
  return async (act) => {
    try {
      return await act();
    } catch (error) {
      mark(error);
      throw error;
    }
  };
}
