// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { CloseOutlined, DownOutlined, PlusOutlined, RightOutlined } from '@ant-design/icons';
import { Button, Checkbox, Dropdown, Form, Input, Modal, Select } from 'antd';
import { createContext, type ReactNode, useContext, useState } from 'react';
import { texts, useLanguage } from '../../../language/texts';
import { type Path, written } from './edit';
import { NumberInput, OtherInput, TextInput, TextsInput } from './inputs';
import { type Known, keysFor, namesFor } from './names';
import { beginningOf, childOf, descriptionOf, inferred, keysOf, kindOf, labelOf, resolved, type Schema } from './schema';

const useText = texts(
  {
    add: 'Add a field',
    addItem: 'Add one more',
    addNamed: 'Add a name',
    remove: (what: string) => `Take away ${what}`,
    name: 'Name',
    needed: 'This is needed.',
    there: 'It is there already.',
    leave: 'Leave it',
    item: (n: number) => `No. ${n}`,
  },
  {
    add: '添加字段',
    addItem: '添加一项',
    addNamed: '添加名称',
    remove: (what: string) => `移除 ${what}`,
    name: '名称',
    needed: '必填。',
    there: '已存在。',
    leave: '取消',
    item: (n: number) => `第 ${n} 项`,
  },
);

// Filling is what all fields of one form share.
export interface Filling {
  root: Schema;
  base: Path; // where the item is in its file: names depend on it
  known: Known;
  readOnly: boolean;
  set: (path: Path, value: unknown) => void;
}

export const FillingContext = createContext<Filling | null>(null);

function useFilling(): Filling {
  const f = useContext(FillingContext);
  if (f === null) throw new Error('no form');
  return f;
}

interface FieldProps {
  path: Path; // within the item
  schema: Schema;
  value: unknown;
  label: string;
  about?: string; // what the label does not say of it; otherwise its description
  onRemove?: (() => void) | undefined;
}

const isRecord = (v: unknown): v is Record<string, unknown> => typeof v === 'object' && v !== null && !Array.isArray(v);

// Field is one value, by the kind that its schema gives it.
export function Field(props: FieldProps) {
  const { root, readOnly } = useFilling();
  const t = useText();
  const kind = kindOf(root, props.schema);
  if (kind === 'record' || kind === 'named' || kind === 'list') return <Group {...props} kind={kind} />;
  const removing = props.onRemove && !readOnly;
  return (
    <div className="field-row">
      <Single {...props} />
      {removing && <Button type="text" icon={<CloseOutlined />} aria-label={t.remove(props.label)} title={t.remove(props.label)} onClick={props.onRemove} />}
    </div>
  );
}

// Single is a value without parts.
function Single({ path, schema, value, label, about }: FieldProps) {
  const { root, base, known, readOnly, set } = useFilling();
  const language = useLanguage();
  const s = resolved(root, schema);
  const id = `field-${path.join('-')}`;
  const names = namesFor(known, [...base, ...path], s);
  const done = (v: unknown) => set(path, v);
  const common = { id, readOnly };
  const control = (): ReactNode => {
    if (readOnly && ['choice', 'texts', 'text'].includes(kindOf(root, schema))) return <Input id={id} readOnly value={Array.isArray(value) ? value.join(', ') : String(value ?? '')} />;
    switch (kindOf(root, schema)) {
      case 'boolean':
        return (
          <Checkbox id={id} checked={value === true} disabled={readOnly} onChange={(e) => done(e.target.checked)}>
            {label}
          </Checkbox>
        );
      case 'integer':
        return <NumberInput {...common} value={typeof value === 'number' ? value : undefined} onDone={done} least={s.minimum} most={s.maximum} />;
      case 'choice':
        return <Select id={id} value={value as string} onChange={done} options={(s.enum ?? []).map((v) => ({ value: v as string, label: String(v) }))} />;
      case 'texts': {
        const item = resolved(root, s.items);
        const offered = [...(item.enum ?? []).map(String), ...namesFor(known, [...base, ...path, '[]'], item), ...names];
        return <TextsInput id={id} value={Array.isArray(value) ? (value as string[]) : []} onDone={done} names={offered} numbers={kindOf(root, item) === 'integer'} />;
      }
      case 'other':
        return <OtherInput {...common} value={value} onDone={done} />;
      default:
        return <TextInput {...common} value={value === undefined || value === null ? '' : String(value)} onDone={done} names={names} placeholder={s.examples?.[0] === undefined ? undefined : String(s.examples[0])} />;
    }
  };
  const boolean = kindOf(root, schema) === 'boolean';
  return (
    <Form.Item label={boolean ? undefined : label} htmlFor={id} extra={(about ?? descriptionOf(s, language)) || undefined} layout="vertical">
      {control()}
    </Form.Item>
  );
}

// leavesOf counts the single values in a value.
function leavesOf(v: unknown): number {
  if (typeof v !== 'object' || v === null) return 1;
  return Object.values(v).reduce<number>((n, one) => n + leavesOf(one), 0);
}

// mostOpen is how many values a group may have that is open at first: a large form is slow
// to make and hard to read.
const mostOpen = 6;

// Group is a record, a list of records, or a mapping of names, with its parts. A large one
// is closed at first, and says in a line what it holds.
function Group({ path, schema, value, label, about, onRemove, kind }: FieldProps & { kind: 'record' | 'named' | 'list' }) {
  const t = useText();
  const { root, readOnly } = useFilling();
  const language = useLanguage();
  const [open, setOpen] = useState(() => leavesOf(value) <= mostOpen);
  const more = about ?? descriptionOf(resolved(root, schema), language);
  return (
    <fieldset className="fields">
      <legend>
        <Button type="text" size="small" aria-expanded={open} icon={open ? <DownOutlined /> : <RightOutlined />} onClick={() => setOpen(!open)}>
          {label}
        </Button>
        {onRemove && !readOnly && <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t.remove(label)} title={t.remove(label)} onClick={onRemove} />}
      </legend>
      {more && <p className="hint">{more}</p>}
      {!open && <p className="hint mono one-line">{written(value)}</p>}
      {open && kind === 'record' && <RecordFields path={path} schema={schema} value={isRecord(value) ? value : {}} />}
      {open && kind === 'named' && <NamedFields path={path} schema={schema} value={isRecord(value) ? value : {}} />}
      {open && kind === 'list' && <ListFields path={path} schema={schema} value={Array.isArray(value) ? value : []} />}
    </fieldset>
  );
}

// RecordFields are the keys of a record: those that must be there and those that are.
export function RecordFields({ path, schema, value }: { path: Path; schema: Schema; value: Record<string, unknown> }) {
  const t = useText();
  const { root, readOnly, set } = useFilling();
  const language = useLanguage();
  const known = keysOf(root, schema, value);
  const others = Object.keys(value).filter((k) => !known.some((o) => o.key === k));
  const all = [...known, ...others.map((key) => ({ key, schema: childOf(root, schema, key) ?? inferred(value[key]), must: false, may: true }))];
  const more = all.filter((o) => !(o.key in value) && !o.must && o.may);
  // In the order of the file; what must be there and is not comes last.
  const order = [...Object.keys(value), ...(resolved(root, schema).required ?? [])];
  return (
    <div className="record">
      {all
        .filter((o) => o.key in value || o.must)
        .sort((a, b) => order.indexOf(a.key) - order.indexOf(b.key))
        .map((o) => (
          <Field
            key={o.key}
            path={[...path, o.key]}
            schema={o.schema}
            value={value[o.key]}
            {...labelOf(o.schema, o.key, language)}
            onRemove={o.must || !(o.key in value) ? undefined : () => set([...path, o.key], undefined)}
          />
        ))}
      {more.length > 0 && !readOnly && (
        <Dropdown
          trigger={['click']}
          menu={{ items: more.map((o) => ({ key: o.key, label: labelOf(o.schema, o.key, language).label })), onClick: ({ key }) => set([...path, key], beginningOf(root, more.find((o) => o.key === key)!.schema)) }}
        >
          <Button size="small" icon={<PlusOutlined />}>
            {t.add}
          </Button>
        </Dropdown>
      )}
    </div>
  );
}

function ListFields({ path, schema, value }: { path: Path; schema: Schema; value: unknown[] }) {
  const t = useText();
  const { root, readOnly, set } = useFilling();
  const items = resolved(root, schema).items ?? {};
  const nameOf = (v: unknown, i: number) => (isRecord(v) && typeof v.name === 'string' ? v.name : isRecord(v) && typeof v.status === 'number' ? String(v.status) : t.item(i + 1));
  return (
    <>
      {value.map((v, i) => (
        <Field key={i} path={[...path, i]} schema={kindOf(root, items) === 'other' ? inferred(v) : items} value={v} label={nameOf(v, i)} onRemove={() => set(path, value.filter((_, at) => at !== i))} />
      ))}
      {!readOnly && (
        <Button size="small" icon={<PlusOutlined />} onClick={() => set(path, [...value, beginningOf(root, items)])}>
          {t.addItem}
        </Button>
      )}
    </>
  );
}

function NamedFields({ path, schema, value }: { path: Path; schema: Schema; value: Record<string, unknown> }) {
  const t = useText();
  const { root, base, known, readOnly, set } = useFilling();
  const [adding, setAdding] = useState(false);
  const [form] = Form.useForm<{ name: string }>();
  const s = resolved(root, schema);
  const names = keysFor(known, [...base, ...path]).filter((n) => !(n in value));
  return (
    <>
      {Object.entries(value).map(([k, v]) => (
        <Field key={k} path={[...path, k]} schema={childOf(root, s, k) ?? inferred(v)} value={v} label={k} onRemove={() => set([...path, k], undefined)} />
      ))}
      {!readOnly && (
        <Button size="small" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
          {t.addNamed}
        </Button>
      )}
      <Modal open={adding} title={t.addNamed} okText={t.addNamed} cancelText={t.leave} onOk={form.submit} onCancel={() => setAdding(false)} destroyOnHidden width={380}>
        <Form
          form={form}
          layout="vertical"
          name={`named-${path.join('-')}`}
          preserve={false}
          onFinish={({ name }) => {
            set([...path, name], beginningOf(root, childOf(root, s, name) ?? {}));
            setAdding(false);
          }}
        >
          <Form.Item name="name" label={t.name} rules={[{ required: true, message: t.needed }, { validator: (_, v: string) => (v in value ? Promise.reject(new Error(t.there)) : Promise.resolve()) }]}>
            {names.length > 0 ? <Select options={names.map((n) => ({ value: n }))} autoFocus /> : <Input autoFocus />}
          </Form.Item>
        </Form>
      </Modal>
    </>
  );
}
