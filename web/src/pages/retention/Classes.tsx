// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Form, Input, InputNumber, Modal, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { api, client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { Kept } from '../../parts/Kept';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { useAtInputs } from '../../parts/useAtInputs';
import { useMay } from '../../session/session';
import { Section } from '../../parts/Section';
import { useTitle } from '../proposals/title';
import { useClasses } from './classes';
import { useText } from './retentionText';
import { useProposed } from './useProposed';

type Rule = Schemas['RetentionRule'];

// Classes are for how long each class of audit is kept.
export function Classes() {
  const t = useText();
  const [changing, setChanging] = useState<Rule | null>(null);
  const { data, isPending, error, refetch } = api.useQuery('get', '/api/retention', {});
  const columns = useColumns(setChanging);
  return (
    <Section title={t.classes} lead={t.classesLead}>
      <UnderWay kind="set-retention" />
      <List<Rule> items={data?.items} pending={isPending} error={error} again={() => void refetch()} label={t.classes} rowKey="class" columns={columns} empty="–" />
      <Kept of={changing}>{(rule, open) => <SetRule rule={rule} open={open} onLeave={() => setChanging(null)} />}</Kept>
    </Section>
  );
}

function useColumns(change: (r: Rule) => void): TableColumnsType<Rule> {
  const t = useText();
  const words = useClasses();
  const may = useMay();
  const acts: TableColumnsType<Rule> = [
    {
      title: t.acts,
      key: 'acts',
      render: (_, r) => (
        <Act call="set-retention" size="small" aria-label={t.setOf(words.names[r.class] ?? r.class)} onClick={() => change(r)}>
          {t.set}
        </Act>
      ),
    },
  ];
  return [
    {
      title: t.classOf,
      dataIndex: 'class',
      render: (c: string) => (
        <span title={c}>
          <strong>{words.names[c] ?? c}</strong> · {words.about[c]}
        </span>
      ),
    },
    { title: t.days, dataIndex: 'days', render: (n: number) => <span className="nowrap">{t.nDays(n)}</span> },
    { title: t.why, key: 'why', className: 'why wrap-anywhere', render: (_, r) => <Why of={r} /> },
    { title: t.changed, dataIndex: 'changed', render: (at?: string) => (at ? <Time at={at} /> : '–') },
    ...(may('set-retention') ? acts : []),
  ];
}

function Why({ of: r }: { of: Rule }) {
  const t = useText();
  if (!r.proposal) return t.usual;
  return (
    <>
      {r.reason && <>{r.reason} · </>}
      <Link to={`/proposals/${r.proposal}`}>{t.decided}</Link>
    </>
  );
}

// UnderWay are the proposals of a kind that have not ended.
export function UnderWay({ kind }: { kind: string }) {
  const t = useText();
  const title = useTitle();
  const { data } = api.useQuery('get', '/api/proposals', { params: { query: { kind, 'under-way': true } } });
  if (!data?.items?.length) return null;
  return (
    <ul className="under-way" aria-label={t.underWay}>
      {data.items.map((p) => (
        <li key={p.id}>
          <Mark tone="busy">{t.proposed}</Mark> <Link to={`/proposals/${p.id}`}>{title(p)}</Link> · {p.proposerName} · <Time at={p.created} />
        </li>
      ))}
    </ul>
  );
}

function SetRule({ rule, open, onLeave }: { rule: Rule; open: boolean; onLeave: () => void }) {
  const t = useText();
  const words = useClasses();
  const proposed = useProposed();
  const [form] = Form.useForm<{ days: number; reason: string }>();
  const atInputs = useAtInputs(form);
  const [busy, run] = useAct();
  const send = async (v: { days: number; reason: string }) => {
    const done = await run(async () => {
      const { data } = await atInputs(() => client.POST('/api/retention/rules', { body: { class: rule.class, ...v } }));
      proposed(data?.id);
    });
    if (done) onLeave();
  };
  return (
    <Modal open={open} title={t.setOf(words.names[rule.class] ?? rule.class)} okText={t.propose} cancelText={t.cancel} confirmLoading={busy} onOk={form.submit} onCancel={onLeave} destroyOnHidden>
      <p>{words.about[rule.class]}</p>
      <Form form={form} layout="vertical" name="set-retention" initialValues={{ days: rule.days }} onFinish={(v) => void send(v)}>
        <Form.Item name="days" label={t.newDays} extra={t.daysHint} rules={[{ required: true, message: t.needed }]}>
          <InputNumber precision={0} min={1} />
        </Form.Item>
        <Form.Item name="reason" label={t.reason} extra={t.reasonHint} rules={[{ required: true, message: t.needed }]}>
          <Input.TextArea rows={3} maxLength={500} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
