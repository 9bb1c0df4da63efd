// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { CloseOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Input, InputNumber, Select } from 'antd';
import { field } from './begin';
import { Chosen, Row, Whole } from './rows';
import type { FieldWish, RouteWish } from './wish';
import { useWishText } from './wishText';

interface RoutesProps {
  routes: RouteWish[];
  onChange: (routes: RouteWish[]) => void;
}

// Routes are the requests of an HTTP flow, each with its answer.
export function Routes({ routes, onChange }: RoutesProps) {
  const t = useWishText();
  const set = (i: number, change: Partial<RouteWish>) => onChange(routes.map((r, at) => (at === i ? { ...r, ...change } : r)));
  return (
    <section>
      <h2>{t.routes}</h2>
      <p className="hint">{t.dropped}</p>
      {routes.map((r, i) => (
        <fieldset className="fields" key={i}>
          <legend>
            {t.route(i + 1)}{' '}
            {routes.length > 1 && <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t.removeRoute} onClick={() => onChange(routes.filter((_, at) => at !== i))} />}
          </legend>
          <OneRoute id={`route-${i}`} of={r} set={(change) => set(i, change)} />
        </fieldset>
      ))}
      <p>
        <Button size="small" icon={<PlusOutlined />} onClick={() => onChange([...routes, { ...routes[routes.length - 1]!, path: '/' }])}>
          {t.addRoute}
        </Button>
      </p>
    </section>
  );
}

function OneRoute({ id, of: r, set }: { id: string; of: RouteWish; set: (change: Partial<RouteWish>) => void }) {
  const t = useWishText();
  const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].map((m) => ({ value: m, label: m }));
  return (
    <>
      <div className="two">
        <Chosen id={`${id}-method`} label={t.method} value={r.method} options={methods} onChange={(method) => set({ method })} />
        <Row id={`${id}-path`} label={t.path} hint={t.pathHint}>
          <Input id={`${id}-path`} className="mono" value={r.path} onChange={(e) => set({ path: e.target.value })} />
        </Row>
      </div>
      <FieldList id={`${id}-query`} label={t.query} list={r.query} onChange={(query) => set({ query })} />
      {r.method !== 'GET' && r.method !== 'DELETE' && <FieldList id={`${id}-body`} label={t.body} list={r.body} onChange={(body) => set({ body })} />}
      <div className="two">
        <Whole id={`${id}-status`} label={t.status} value={r.status} least={200} most={599} onChange={(status) => set({ status: status ?? 200 })} />
      </div>
      <FieldList id={`${id}-answer`} label={t.answer} list={r.answer} onChange={(answer) => set({ answer })} />
    </>
  );
}

function FieldList({ id, label, list, onChange }: { id: string; label: string; list: FieldWish[]; onChange: (list: FieldWish[]) => void }) {
  const t = useWishText();
  const set = (i: number, change: Partial<FieldWish>) => onChange(list.map((f, at) => (at === i ? { ...f, ...change } : f)));
  const types = Object.entries(t.types).map(([value, l]) => ({ value: value as FieldWish['type'], label: l }));
  return (
    <div role="group" aria-label={label} className="field-list">
      <div>{label}</div>
      {list.map((f, i) => (
        <div className="field-line" key={i}>
          <Input aria-label={`${label}: ${t.fieldName}`} placeholder={t.fieldName} className="mono" value={f.name} onChange={(e) => set(i, { name: e.target.value })} />
          <Select aria-label={`${label}: ${t.fieldType}`} id={`${id}-${i}-type`} value={f.type} options={types} onChange={(type) => set(i, { type })} />
          {f.type === 'string' && <Input aria-label={`${label}: ${t.fieldValues}`} placeholder={t.fieldValues} value={f.values} onChange={(e) => set(i, { values: e.target.value })} />}
          {(f.type === 'integer' || (f.type === 'string' && f.values === '')) && <InputNumber aria-label={`${label}: ${t.fieldMax}`} placeholder={t.fieldMax} min={0} precision={0} value={f.max} onChange={(max) => set(i, { max })} />}
          <Button type="text" icon={<CloseOutlined />} aria-label={`${t.removeField}: ${f.name}`} onClick={() => onChange(list.filter((_, at) => at !== i))} />
        </div>
      ))}
      <Button size="small" type="dashed" icon={<PlusOutlined />} aria-label={`${t.addField}: ${label}`} onClick={() => onChange([...list, field()])}>
        {t.addField}
      </Button>
    </div>
  );
}
