// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { App, Button, Form, InputNumber, Modal, Select, type TableColumnsType, Tooltip } from 'antd';
import { useState } from 'react';
import { api, client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { usePreferences } from '../../session/preferences';
import { Section } from '../../parts/Section';
import { LanguageChoice } from './MakeReport';
import { useText } from './text';

type Schedule = Schemas['ReportSchedule'];
type Wanted = Schemas['AddScheduleInBody'];

// Schedules are the reports that are made by themselves.
export function Schedules({ zone }: { zone: string }) {
  const t = useText();
  const [adding, setAdding] = useState(false);
  const { data, isPending, error, refetch } = api.useQuery('get', '/api/report-schedules', {});
  const columns = useColumns(zone);
  return (
    <Section
      title={t.schedules}
      lead={t.schedulesLead}
      actions={
        <Act call="add-report-schedule" onClick={() => setAdding(true)}>
          {t.add}
        </Act>
      }
    >
      <List<Schedule> items={data?.items} pending={isPending} error={error} again={() => void refetch()} label={t.schedules} rowKey="id" columns={columns} empty={t.noSchedule} />
      <AddSchedule open={adding} zone={zone} onLeave={() => setAdding(false)} />
    </Section>
  );
}

function useColumns(zone: string): TableColumnsType<Schedule> {
  const t = useText();
  const end = useEnd();
  return [
    { title: t.every, dataIndex: 'every', render: (every: string, s) => `${t.everies[every] ?? every}, ${String(s.hour).padStart(2, '0')}:00 (${zone})` },
    { title: t.language, dataIndex: 'language', render: (l: string) => t.languages[l] ?? l },
    { title: t.next, dataIndex: 'next', render: (at: string) => <Time at={at} /> },
    { title: t.by, dataIndex: 'madeBy' },
    { title: t.standing, dataIndex: 'failure', render: (why?: string) => <Standing why={why} /> },
    {
      key: 'end',
      title: t.acts,
      render: (_, s) => (
        <Act call="end-report-schedule" size="small" aria-label={t.endOf(t.everies[s.every] ?? s.every)} onClick={() => void end(s)}>
          {t.end}
        </Act>
      ),
    },
  ];
}

function Standing({ why }: { why?: string }) {
  const t = useText();
  if (!why) return <Mark tone="good">{t.fine}</Mark>;
  return (
    <Tooltip title={why}>
      <span>
        <Mark tone="bad">{t.failed}</Mark> {why}
      </span>
    </Tooltip>
  );
}

// useEnd ends a schedule, and offers to add the same again.
function useEnd() {
  const t = useText();
  const { notification } = App.useApp();
  const queries = useQueryClient();
  const [, run] = useAct();
  const again = () => void queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/report-schedules') });
  const undo = async ({ every, hour, language }: Schedule, key: string) => {
    notification.destroy(key);
    await run(() => client.POST('/api/report-schedules', { body: { every, hour, language } }), t.undone);
    again();
  };
  return async (s: Schedule) => {
    const done = await run(() => client.DELETE('/api/report-schedules/{id}', { params: { path: { id: s.id } } }));
    again();
    if (!done) return;
    const button = (
      <Button size="small" type="primary" onClick={() => void undo(s, s.id)}>
        {t.undo}
      </Button>
    );
    notification.info({ key: s.id, title: t.ended, duration: 15, actions: button });
  };
}

function AddSchedule({ open, zone, onLeave }: { open: boolean; zone: string; onLeave: () => void }) {
  const t = useText();
  const { language } = usePreferences();
  const queries = useQueryClient();
  const [form] = Form.useForm<Wanted>();
  const [busy, run] = useAct();
  const send = async (body: Wanted) => {
    const done = await run(() => client.POST('/api/report-schedules', { body }), t.added);
    void queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/report-schedules') });
    if (done) onLeave();
  };
  return (
    <Modal open={open} title={t.add} okText={t.add} cancelText={t.cancel} confirmLoading={busy} onOk={form.submit} onCancel={onLeave} destroyOnHidden>
      <p>{t.schedulesLead}</p>
      <Form form={form} layout="vertical" name="add-schedule" initialValues={{ every: 'weekly', hour: 6, language }} onFinish={(b) => void send(b)}>
        <Form.Item name="every" label={t.every}>
          <Select options={(['daily', 'weekly', 'monthly'] as const).map((value) => ({ value, label: t.everies[value] }))} />
        </Form.Item>
        <Form.Item name="hour" label={t.hour} extra={t.hourHint(zone)} rules={[{ required: true, message: t.needed }]}>
          <InputNumber min={0} max={23} precision={0} />
        </Form.Item>
        <LanguageChoice />
      </Form>
    </Modal>
  );
}
