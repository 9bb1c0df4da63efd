// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Checkbox, Form, Input, Modal, Select, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { api, client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { Id } from '../../parts/Id';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { useAtInputs } from '../../parts/useAtInputs';
import { MomentInput } from '../../parts/MomentInput';
import { Section } from '../../parts/Section';
import { UnderWay } from './Classes';
import { useClasses } from './classes';
import { useText } from './retentionText';
import { useProposed } from './useProposed';

type Window = Schemas['RetentionWindow'];
type Wanted = Schemas['SwitchInBody'];

// Windows are the times in which a class of audit is left out.
export function Windows() {
  const t = useText();
  const [open, setOpen] = useState(false);
  const { data, isPending, error, refetch } = api.useQuery('get', '/api/audit-classes', {});
  const columns = useColumns();
  return (
    <Section
      title={t.windows}
      lead={t.windowsLead}
      actions={
        <Act call="switch-audit-class" onClick={() => setOpen(true)}>
          {t.window}
        </Act>
      }
    >
      <UnderWay kind="switch-audit-class" />
      <List<Window>
        items={data?.items}
        pending={isPending}
        error={error}
        again={() => void refetch()}
        label={t.windows}
        rowKey={(w) => `${w.class} ${w.from} ${w.proposal}`}
        columns={columns}
        empty={t.noWindow}
      />
      <Propose open={open} onLeave={() => setOpen(false)} />
    </Section>
  );
}

function useColumns(): TableColumnsType<Window> {
  const t = useText();
  const words = useClasses();
  return [
    { title: t.classOf, dataIndex: 'class', render: (c: string) => <span title={c}>{words.names[c] ?? c}</span> },
    { title: t.standing, key: 'standing', render: (_, w) => <Standing of={w} /> },
    { title: t.from, dataIndex: 'from', render: (at: string) => <Time at={at} /> },
    { title: t.to, dataIndex: 'to', render: (at: string) => <Time at={at} /> },
    { title: t.leftOut, key: 'of', render: (_, w) => [w.index && t.index, w.export && t.exports].filter(Boolean).join(', ') },
    { title: t.why, dataIndex: 'reason', className: 'why wrap-anywhere' },
    { title: t.proposal, dataIndex: 'proposal', render: (id?: string) => id && <Id value={id} to={`/proposals/${id}`} length={8} /> },
  ];
}

function Standing({ of: w }: { of: Window }) {
  const t = useText();
  const now = Date.now();
  if (now < Date.parse(w.from)) return <Mark tone="quiet">{t.ahead}</Mark>;
  if (now >= Date.parse(w.to)) return <Mark tone="quiet">{t.over}</Mark>;
  return <Mark tone="warn">{t.now}</Mark>;
}

function Propose({ open, onLeave }: { open: boolean; onLeave: () => void }) {
  const t = useText();
  const words = useClasses();
  const proposed = useProposed();
  const [form] = Form.useForm<Wanted>();
  const atInputs = useAtInputs(form);
  const [busy, run] = useAct();
  const wanted = [{ required: true, message: t.needed }];
  const send = async (body: Wanted) => {
    const done = await run(async () => {
      const { data } = await atInputs(() => client.POST('/api/audit-classes', { body }));
      proposed(data?.id);
    });
    if (done) onLeave();
  };
  const ahead = [1, 7, 30].map((days) => ({ days, label: t.inDays(days) }));
  const classes: Wanted['class'][] = ['session', 'delivery', 'health', 'foreign'];
  return (
    <Modal className="tall" open={open} title={t.window} okText={t.propose} cancelText={t.cancel} confirmLoading={busy} onOk={form.submit} onCancel={onLeave} destroyOnHidden>
      <p>{t.windowsLead}</p>
      <Form form={form} layout="vertical" name="window" initialValues={{ class: 'session', index: true, export: false }} onFinish={(b) => void send(b)}>
        <Form.Item name="class" label={t.classOf} rules={wanted}>
          <Select options={classes.map((value) => ({ value, label: `${words.names[value]} · ${words.about[value]}` }))} />
        </Form.Item>
        <Form.Item name="from" label={t.from} rules={wanted}>
          <MomentInput />
        </Form.Item>
        <Form.Item name="to" label={t.to} rules={wanted}>
          <MomentInput ahead={ahead} />
        </Form.Item>
        <fieldset className="plain-set">
          <legend>{t.leftOut}</legend>
          <Form.Item name="index" valuePropName="checked" noStyle>
            <Checkbox>{t.index}</Checkbox>
          </Form.Item>
          <Form.Item name="export" valuePropName="checked" noStyle>
            <Checkbox>{t.exports}</Checkbox>
          </Form.Item>
        </fieldset>
        <Form.Item name="reason" label={t.reason} extra={t.reasonHint} rules={wanted}>
          <Input.TextArea rows={2} maxLength={500} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
