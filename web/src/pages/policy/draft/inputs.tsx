// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { AutoComplete, Input, InputNumber, Select } from 'antd';
import { useEffect, useState } from 'react';
import { parse } from 'yaml';
import { written } from './edit';

// Inputs that tell of a value when it is left, so that one change is one step to undo.

interface Of<T> {
  id: string;
  value: T;
  readOnly: boolean;
  onDone: (value: T) => void;
}

// useTyped holds what is typed until it is done.
function useTyped<T>(value: T): [T, (v: T) => void] {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  return [typed, setTyped];
}

// TextInput is a text; names are offered where the draft has fitting ones.
export function TextInput({ id, value, readOnly, onDone, names = [], placeholder }: Of<string> & { names?: string[]; placeholder?: string | undefined }) {
  const [typed, setTyped] = useTyped(value);
  const done = (v: string) => v !== value && onDone(v);
  if (names.length === 0) {
    return <Input id={id} value={typed} readOnly={readOnly} placeholder={placeholder} onChange={(e) => setTyped(e.target.value)} onBlur={() => done(typed)} onPressEnter={() => done(typed)} />;
  }
  return (
    <AutoComplete
      id={id}
      value={typed}
      placeholder={placeholder}
      options={[...new Set(names)].map((n) => ({ value: n }))}
      onChange={setTyped}
      onSelect={done}
      onBlur={() => done(typed)}
      className="wide"
      showSearch={{ filterOption: (typedText, option) => typed === value || (option?.value ?? '').includes(typedText) }}
    />
  );
}

// NumberInput is a whole number.
export function NumberInput({ id, value, readOnly, onDone, least, most }: Of<number | undefined> & { least?: number | undefined; most?: number | undefined }) {
  const [typed, setTyped] = useTyped(value);
  return (
    <InputNumber
      id={id}
      value={typed ?? null}
      readOnly={readOnly}
      precision={0}
      {...(least === undefined ? {} : { min: least })}
      {...(most === undefined ? {} : { max: most })}
      onChange={(v) => setTyped(v ?? undefined)}
      onBlur={() => typed !== value && typed !== undefined && onDone(typed)}
    />
  );
}

// TextsInput is a list of short texts; numbers stay numbers.
export function TextsInput({ id, value, onDone, names = [], numbers }: Omit<Of<(string | number)[]>, 'readOnly'> & { names?: string[]; numbers: boolean }) {
  return (
    <Select
      id={id}
      mode="tags"
      value={value.map(String)}
      className="wide"
      options={[...new Set(names)].map((n) => ({ value: n }))}
      onChange={(list: string[]) => onDone(list.map((v) => (numbers && /^-?\d+$/.test(v) ? Number(v) : v)))}
    />
  );
}

// OtherInput is a value of any form, as one line of YAML: {name: value}.
export function OtherInput({ id, value, readOnly, onDone }: Of<unknown>) {
  const [typed, setTyped] = useTyped(value === undefined ? '' : written(value));
  const [wrong, setWrong] = useState(false);
  const done = () => {
    try {
      const read: unknown = parse(typed);
      setWrong(false);
      if (value === undefined || written(read) !== written(value)) onDone(read);
    } catch {
      setWrong(true);
    }
  };
  return <Input id={id} className="mono" value={typed} readOnly={readOnly} status={wrong ? 'error' : ''} onChange={(e) => setTyped(e.target.value)} onBlur={done} onPressEnter={done} />;
}
