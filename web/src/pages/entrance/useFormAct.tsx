// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { FormInstance } from 'antd';
import { useState } from 'react';
import { problemOf } from '../../api/problem';
import { useLanguage } from '../../language/texts';
import { detailIn } from './details';

// What a problem is called at a field of the form, by its code: [field, sentence].
export type AtField = Record<string, [field: string, sentence: string]>;

// useFormAct makes the call of a form. What the center says of single fields is shown at
// them; anything else is in error. It gives true when it was done.
export function useFormAct(form: FormInstance, atField: AtField = {}) {
  const language = useLanguage();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const put = (e: unknown) => {
    const problem = problemOf(e);
    const own = problem.fields.length === 0 ? atField[problem.code] : undefined;
    const told = own ? [{ name: own[0], errors: [own[1]] }] : problem.fields.map((f) => ({ name: fieldOf(f.name), errors: [detailIn(language, f.detail)] }));
    const here = told.filter((f) => form.getFieldInstance(f.name) !== undefined);
    form.setFields(here);
    if (here.length > 0) form.focusField(here[0]!.name);
    setError(here.length > 0 && here.length === told.length ? null : e);
  };
  const act = async (what: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await what();
      return true;
    } catch (e) {
      put(e);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, act, setError };
}

// fieldOf is a field as the form names it: body.name, path.name -> name.
export function fieldOf(path: string): string {
  return path.replace(/^(body|path|query)\./, '');
}
