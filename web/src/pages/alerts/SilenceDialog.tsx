// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { AutoComplete, DatePicker, Form, Input, Modal, Select } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import timezone from 'dayjs/plugin/timezone';
import utc from 'dayjs/plugin/utc';
import { client } from '../../api/client';
import { texts, useLanguage } from '../../language/texts';
import { stamp } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { usePreferences } from '../../session/preferences';
import { useReadAlerts } from './Acknowledge';
import { inWords } from './durations';
import { useKnown } from './known';
import { useRules } from './ruleText';

dayjs.extend(utc);
dayjs.extend(timezone);

const useText = texts(
  {
    title: 'Silence alerts',
    means: 'Alerts that match are listed as before, but nobody is told of them until the end.',
    rule: 'Rule',
    allRules: 'all rules',
    component: 'Component',
    flow: 'Flow',
    star: 'A name, or the beginning of some names with *. Empty: all.',
    long: 'For how long',
    own: 'until a time that I choose',
    until: (zone: string) => `Until, by the clock of ${zone}`,
    ends: (at: string) => `It ends ${at}. At the longest it lasts a week.`,
    reason: 'Reason',
    reasonHint: 'As: the disk of front-internet is being changed.',
    ok: 'Silence',
    cancel: 'Not now',
    done: 'Silenced.',
  },
  {
    title: '静默告警',
    means: '符合条件的告警照常列出，但在结束之前不通知任何人。',
    rule: '规则',
    allRules: '全部规则',
    component: '部件',
    flow: '数据流',
    star: '填写名称，或以 * 结尾表示名称的开头；留空表示全部。',
    long: '时长',
    own: '自选结束时间',
    until: (zone) => `结束时间（时区 ${zone}）`,
    ends: (at) => `将于 ${at} 结束。静默最长一周。`,
    reason: '原因',
    reasonHint: '例如：正在更换 front-internet 的磁盘。',
    ok: '静默',
    cancel: '暂不',
    done: '已静默。',
  },
);

const lengths = [1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 86400, 3 * 86400, 7 * 86400];

interface Wanted {
  rule?: string;
  component?: string;
  flow?: string;
  long: number; // seconds; 0: until
  until?: Dayjs;
  reason: string;
}

interface SilenceDialogProps {
  open: boolean;
  of?: { rule?: string | undefined; component?: string | undefined; flow?: string | undefined };
  onClose: () => void;
}

// endOf is when a silence ends that is asked for, nothing while that is not said. What
// was chosen in the picker is a time by the clock of the person's zone.
function endOf(long: number | undefined, until: Dayjs | undefined, zone: string): Date | undefined {
  if (long) return new Date(Date.now() + long * 1000);
  return until ? dayjs.tz(until.format('YYYY-MM-DD HH:mm'), zone).toDate() : undefined;
}

// SilenceDialog asks for what is to be silenced, until when and why.
export function SilenceDialog({ open, of = {}, onClose }: SilenceDialogProps) {
  const t = useText();
  const [form] = Form.useForm<Wanted>();
  const { zone } = usePreferences();
  const [busy, act] = useAct();
  const read = useReadAlerts();
  const create = async (w: Wanted) => {
    const when = w.long ? { for: `${w.long}s` } : { ends: endOf(0, w.until, zone)?.toISOString() };
    const body = { rule: w.rule || undefined, component: w.component?.trim() || undefined, flow: w.flow?.trim() || undefined, reason: w.reason.trim(), ...when };
    if (!(await act(() => client.POST('/api/silences', { body }), t.done))) return;
    await read();
    onClose();
  };
  return (
    <Modal open={open} title={t.title} okText={t.ok} cancelText={t.cancel} confirmLoading={busy} onOk={() => form.submit()} onCancel={onClose} destroyOnHidden>
      <p>{t.means}</p>
      <Form<Wanted> form={form} layout="vertical" initialValues={{ ...of, long: 7200 }} preserve={false} onFinish={(w) => void create(w)}>
        <Which />
        <When />
        <Form.Item name="reason" label={t.reason} extra={t.reasonHint} rules={[{ required: true, whitespace: true }]}>
          <Input maxLength={500} />
        </Form.Item>
      </Form>
    </Modal>
  );
}

// named keeps the names that have in them what was typed.
const named = (typed: string, option?: { value?: unknown }) => String(option?.value).includes(typed);

function Which() {
  const t = useText();
  const rules = useRules();
  const known = useKnown();
  return (
    <>
      <Form.Item name="rule" label={t.rule}>
        <Select allowClear placeholder={t.allRules} showSearch={{ optionFilterProp: 'label' }} options={rules.ids.map((id) => ({ value: id, label: rules.name(id), title: id }))} />
      </Form.Item>
      <div className="alert-two">
        <Form.Item name="component" label={t.component}>
          <AutoComplete allowClear showSearch={{ filterOption: named }} options={known.components.map((value) => ({ value }))} />
        </Form.Item>
        <Form.Item name="flow" label={t.flow}>
          <AutoComplete allowClear showSearch={{ filterOption: named }} options={known.flows.map((value) => ({ value }))} />
        </Form.Item>
      </div>
      <p className="alert-hint">{t.star}</p>
    </>
  );
}

function When() {
  const t = useText();
  const language = useLanguage();
  const { zone } = usePreferences();
  const long = Form.useWatch<number | undefined>('long');
  const until = Form.useWatch<Dayjs | undefined>('until');
  const end = endOf(long, until, zone);
  return (
    <>
      <Form.Item name="long" label={t.long} extra={end && t.ends(stamp(end, zone))}>
        <Select options={[...lengths.map((s) => ({ value: s, label: inWords(s, language) })), { value: 0, label: t.own }]} />
      </Form.Item>
      {long === 0 && (
        <Form.Item name="until" label={t.until(zone)} rules={[{ required: true }]}>
          <DatePicker showTime={{ format: 'HH:mm' }} format="YYYY-MM-DD HH:mm" needConfirm={false} />
        </Form.Item>
      )}
    </>
  );
}
