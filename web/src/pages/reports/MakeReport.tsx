// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { DatePicker, Form, Modal, Radio } from 'antd';
import type { Dayjs } from 'dayjs';
import { client } from '../../api/client';
import { stamp } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { usePreferences } from '../../session/preferences';
import { wallNow } from '../../parts/zoned';
import { daysOf, type Period, periodOf, presets, type Preset } from './periods';
import { useText } from './text';

interface Wanted {
  preset: Preset;
  days?: [Dayjs, Dayjs];
  language: 'zh' | 'en';
}

function wantedPeriod(w: Partial<Wanted>, zone: string): Period | undefined {
  if (w.preset && w.preset !== 'own') return periodOf(w.preset, zone);
  return w.days && daysOf(w.days[0], w.days[1], zone);
}

// MakeReport makes a report of a period that is over.
export function MakeReport({ open, zone, onLeave }: { open: boolean; zone: string; onLeave: () => void }) {
  const t = useText();
  const { language } = usePreferences();
  const queries = useQueryClient();
  const [form] = Form.useForm<Wanted>();
  const [busy, run] = useAct();
  const preset = Form.useWatch('preset', form);
  const days = Form.useWatch('days', form);
  const period = wantedPeriod({ preset, days }, zone);
  const send = async (w: Wanted) => {
    const { from, to } = wantedPeriod(w, zone)!;
    const done = await run(() => client.POST('/api/reports', { body: { from, to, language: w.language } }), t.madeNow);
    void queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/reports') });
    if (done) onLeave();
  };
  return (
    <Modal open={open} title={t.make} okText={t.make} cancelText={t.cancel} confirmLoading={busy} onOk={form.submit} onCancel={onLeave} destroyOnHidden>
      <p>{t.makeLead(zone)}</p>
      <Form form={form} layout="vertical" name="make-report" initialValues={{ preset: 'week', language }} onFinish={(w) => void send(w)}>
        <Form.Item name="preset" label={t.period}>
          <Radio.Group options={presets.map((value) => ({ value, label: t.presets[value] }))} />
        </Form.Item>
        {preset === 'own' && (
          <Form.Item name="days" label={t.ownDays} rules={[{ required: true, message: t.needed }]}>
            <DatePicker.RangePicker maxDate={wallNow(zone).subtract(1, 'day')} className="whole-width" />
          </Form.Item>
        )}
        {period && (
          <p role="status">
            {stamp(new Date(period.from), zone)} {t.until} {stamp(new Date(period.to), zone)}
          </p>
        )}
        <LanguageChoice />
      </Form>
    </Modal>
  );
}

// LanguageChoice is the language that a report is written in.
export function LanguageChoice() {
  const t = useText();
  return (
    <Form.Item name="language" label={t.language}>
      <Radio.Group options={(['zh', 'en'] as const).map((value) => ({ value, label: t.languages[value] }))} />
    </Form.Item>
  );
}
