// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { AutoComplete, Form, InputNumber, Select } from 'antd';
import type { ReactNode } from 'react';
import { useWishText } from './wishText';

// The small inputs of the form for a new flow.

export function Row({ id, label, hint, children }: { id: string; label: string; hint?: ReactNode; children: ReactNode }) {
  return (
    <Form.Item label={label} htmlFor={id} extra={hint} layout="vertical">
      {children}
    </Form.Item>
  );
}

// Named is a name, of those that are there or a new one.
export function Named({ id, label, hint, value, names, onChange }: { id: string; label: string; hint?: ReactNode; value: string; names: string[]; onChange: (v: string) => void }) {
  return (
    <Row id={id} label={label} hint={hint}>
      <AutoComplete id={id} className="wide" value={value} options={[...new Set(names)].filter(Boolean).map((n) => ({ value: n }))} onChange={onChange} showSearch={{ filterOption: false }} />
    </Row>
  );
}

// Chosen is one of several.
export function Chosen({ id, label, hint, value, options, onChange }: { id: string; label: string; hint?: ReactNode; value: string; options: { value: string; label: string }[]; onChange: (v: string) => void }) {
  return (
    <Row id={id} label={label} hint={hint}>
      <Select id={id} className="wide" value={value} options={options} onChange={onChange} />
    </Row>
  );
}

// LevelOf is a level of one to five.
export function LevelOf({ id, label, value, onChange }: { id: string; label: string; value: number; onChange: (v: number) => void }) {
  const t = useWishText();
  return (
    <Row id={id} label={label}>
      <Select id={id} className="wide" value={value} options={[1, 2, 3, 4, 5].map((n) => ({ value: n, label: t.level(n) }))} onChange={onChange} />
    </Row>
  );
}

// Categories are some of those that the draft names.
export function Categories({ id, label, value, names, onChange }: { id: string; label: string; value: string[]; names: string[]; onChange: (v: string[]) => void }) {
  return (
    <Row id={id} label={label}>
      <Select id={id} className="wide" mode="multiple" value={value} options={names.map((n) => ({ value: n }))} onChange={onChange} />
    </Row>
  );
}

export function Whole({ id, label, hint, value, least, most, onChange }: { id: string; label: string; hint?: ReactNode; value: number | null; least: number; most: number; onChange: (v: number | null) => void }) {
  return (
    <Row id={id} label={label} hint={hint}>
      <InputNumber id={id} className="wide" precision={0} min={least} max={most} value={value} onChange={onChange} />
    </Row>
  );
}
