// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { FormInstance } from 'antd';
import { problemOf } from '../../api/problem';

// nameOf is the field of a form that the center means: body.entries[0] is ['entries', 0].
export function nameOf(field: string): (string | number)[] {
  const parts = field.replace(/^body\.?/, '').split(/[.[\]]+/).filter((p) => p !== '');
  return parts.map((p) => (/^\d+$/.test(p) ? Number(p) : p));
}

// atInputs does what a form is for. What the center says of its fields is shown at them.
export async function atInputs<T>(form: FormInstance, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const fields = problemOf(error).fields.map((f) => ({ name: nameOf(f.name), errors: [f.detail] }));
    form.setFields(fields.filter((f) => f.name.length > 0));
    throw error;
  }
}
