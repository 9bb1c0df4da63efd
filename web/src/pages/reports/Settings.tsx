// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Form, Input, Select } from 'antd';
import { useMemo, useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { useAct } from '../../parts/useAct';
import { useAtInputs } from '../../parts/useAtInputs';
import { useMay } from '../../session/session';
import { Section } from '../../parts/Section';
import { useText } from './text';

type Wanted = Pick<Schemas['ReportSettings'], 'unit' | 'zone'>;

// Settings are the name and the zone that are on all reports.
export function Settings({ now, again }: { now: Schemas['ReportSettings']; again: () => void }) {
  const t = useText();
  const may = useMay();
  const [form] = Form.useForm<Wanted>();
  const atInputs = useAtInputs(form);
  const [busy, run] = useAct();
  const [begun, setBegun] = useState(now.revision); // what is in the form began with this one
  const zones = useMemo(() => ['UTC', ...Intl.supportedValuesOf('timeZone')].map((value) => ({ value, label: value })), []);
  const send = async (body: Wanted) => {
    const header = { 'If-Match': `"${now.revision}"` };
    const done = await run(() => atInputs(() => client.PUT('/api/report-settings', { params: { header }, body })), t.saved);
    if (done) setBegun(now.revision + 1);
    again();
  };
  return (
    <Section title={t.settings}>
      {now.revision > begun && <Alert type="warning" showIcon title={t.meanwhile(now.unit, now.zone)} />}
      <Form form={form} layout="vertical" name="report-settings" className="settings-form" disabled={!may('set-report-settings')} initialValues={now} onFinish={(b) => void send(b)}>
        <Form.Item name="unit" label={t.unit} extra={t.unitHint}>
          <Input maxLength={100} autoComplete="organization" />
        </Form.Item>
        <Form.Item name="zone" label={t.zone} extra={t.zoneHint} rules={[{ required: true, message: t.needed }]}>
          <Select showSearch options={zones} />
        </Form.Item>
        <Act call="set-report-settings" type="primary" htmlType="submit" loading={busy}>
          {t.save}
        </Act>
      </Form>
    </Section>
  );
}
