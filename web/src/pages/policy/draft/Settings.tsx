// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Form } from 'antd';
import { useMemo } from 'react';
import { parseDocument, isScalar, isSeq } from 'yaml';
import { useMay } from '../../../session/session';
import { type Path, plainOf, written } from './edit';
import { FillingContext, RecordFields } from './Fields';
import { namesOf } from './names';
import type { Schema } from './schema';
import { useDraft, type Work } from './work';

const keys = ['guard', 'term', 'valid', 'categories'];

// Settings are the values that a folder of policy has once: the guard, how long a bundle
// holds, and the categories of labels.
export function Settings({ root }: { root: Schema }) {
  const work = useDraft();
  const readOnly = !useMay()('put-draft-file');
  const known = useMemo(() => namesOf(work.texts), [work.texts]);
  const { files } = plainOf(work.texts);
  const value = Object.fromEntries(keys.flatMap((k) => files.flatMap((f) => (k in f.value ? [[k, f.value[k]] as const] : []))));
  const schema: Schema = { properties: Object.fromEntries(keys.flatMap((k) => (root.properties?.[k] ? [[k, root.properties[k]!] as const] : []))), required: ['guard'] };
  return (
    <FillingContext.Provider value={{ root, base: [], known, readOnly, set: (path, v) => setOnce(work, path, v) }}>
      <Form layout="vertical" component="div">
        <RecordFields path={[]} schema={schema} value={value} />
      </Form>
    </FillingContext.Provider>
  );
}

// setOnce changes a value in the file that has it. A list that stands line by line stays
// so, with the comments of the lines that stay.
function setOnce(work: Work, path: Path, value: unknown) {
  const key = String(path[0]);
  const { files } = plainOf(work.texts);
  const home = files.find((f) => key in f.value)?.path ?? 'dukou.yaml';
  const document = parseDocument(work.texts.get(home) ?? '', { uniqueKeys: false });
  const old: unknown = document.get(key, true);
  if (isSeq(old) && Array.isArray(value)) {
    const lines = old.items.filter((i) => isScalar(i) && value.includes(i.value));
    const there = lines.map((i) => (isScalar(i) ? i.value : undefined));
    old.items = [...lines, ...value.filter((v) => !there.includes(v)).map((v) => document.createNode(v))];
  } else if (isScalar(old) && old.range && value !== undefined) {
    const text = work.texts.get(home) ?? '';
    work.put({ [home]: text.slice(0, old.range[0]) + written(value) + text.slice(old.range[1]) });
    return;
  } else if (value === undefined) document.delete(key);
  else document.set(key, value);
  work.put({ [home]: document.toString({ lineWidth: 0, flowCollectionPadding: false }) });
}
