// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { FilterOutlined } from '@ant-design/icons';
import { Button, Form, Radio, Select } from 'antd';
import { api } from '../../../api/client';
import { Panel } from '../../../parts/Panel';
import type { Field } from './fields';
import { useSay, useWords, wordOf } from './text';
import type { Query, Search } from './useSearch';

// AddFilter adds values of a field that are wanted, or not wanted.
export function AddFilter({ search, allowed }: { search: Search; allowed: readonly Field[] }) {
  const t = useSay();
  return (
    <Panel label={t.addFilter} icon={<FilterOutlined />}>
      {(close) => <FilterForm search={search} allowed={allowed} done={close} />}
    </Panel>
  );
}

interface Filled {
  field: Field;
  not: boolean;
  values: string[];
}

function FilterForm({ search, allowed, done }: { search: Search; allowed: readonly Field[]; done: () => void }) {
  const t = useSay();
  const words = useWords();
  const [form] = Form.useForm<Filled>();
  const field = Form.useWatch('field', form) ?? 'flow';
  const add = ({ field, values, not }: Filled) => {
    search.add(field, values, not);
    done();
  };
  return (
    <Form<Filled>
      form={form}
      name="filter"
      layout="vertical"
      className="filter-form"
      initialValues={{ field: 'flow', not: false, values: [] }}
      onFinish={add}
      onValuesChange={(changed) => 'field' in changed && form.setFieldValue('values', [])}
    >
      <Form.Item name="field" label={t.field}>
        <Select options={allowed.map((f) => ({ value: f, label: words.fields[f] }))} autoFocus />
      </Form.Item>
      <Form.Item name="not">
        <Radio.Group options={[{ value: false, label: t.is }, { value: true, label: t.isNot }]} />
      </Form.Item>
      <Form.Item name="values" label={t.values} rules={[{ required: true, message: t.valuesHint }]}>
        <Values field={field} query={search.query} />
      </Form.Item>
      <Button type="primary" htmlType="submit">
        {t.add}
      </Button>
    </Form>
  );
}

// Values offers what there is of a field in the same time, the most frequent first; others
// can be typed. Form.Item gives the rest.
function Values({ field, query, ...select }: { field: Field; query: Query; id?: string; value?: string[]; onChange?: (v: string[]) => void }) {
  const t = useSay();
  const words = useWords();
  const { last, from, to } = query;
  const counts = api.useQuery('get', '/api/evidence/counts', { params: { query: { last, from, to, by: field } } }, { meta: { still: true } });
  const options = (counts.data?.counts ?? [])
    .filter((c) => c.value && c.value !== '…others')
    .map(({ value = '', n }) => {
      const word = wordOf(words, field, value);
      return { value, label: word === value ? `${value} · ${n}` : `${word} (${value}) · ${n}` };
    });
  return <Select {...select} mode="tags" maxTagTextLength={40} placeholder={t.valuesHint} loading={counts.isLoading} options={options} tokenSeparators={['\n']} />;
}
