// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { FormInstance } from 'antd';
import { useState } from 'react';
import { problemOf } from '../../api/problem';
import { useMark } from '../../parts/useAtInputs';

// What a problem is called at a field of the form, by its code: [field, sentence].
export type AtField = Record<string, [field: string, sentence: string]>;

// useFormAct makes the call of a form. What the center says of single fields is shown at
// them; anything else is in error. It gives true when it was done.
export function useFormAct(form: FormInstance, atField: AtField = {}) {
  const mark = useMark(form);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const put = (e: unknown) => {
    const problem = problemOf(e);
    const own = problem.fields.length === 0 ? atField[problem.code] : undefined;
    if (own && form.getFieldInstance(own[0]) !== undefined) {
      form.setFields([{ name: own[0], errors: [own[1]] }]);
      return form.focusField(own[0]);
    }
    const { here, all } = mark(e);
    if (here.length > 0) form.focusField(here[0]!);
    setError(all ? null : e);
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
