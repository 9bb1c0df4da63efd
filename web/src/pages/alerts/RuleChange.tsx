// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { AutoComplete, Form, Input, InputNumber, Modal, Radio, Select, Space, Switch } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { texts, useLanguage } from '../../language/texts';
import { useAct } from '../../parts/useAct';
import { inWords, joined, split, type Step, steps } from './durations';
import { useKnown } from './known';
import { useLevels } from './Level';
import { useRules } from './ruleText';
import { useRuleAnswer } from './useRuleAnswer';

type Rule = Schemas['MonitorView'];

const useText = texts(
  {
    title: (rule: string) => `Change the rule “${rule}”`,
    of: 'For what it holds',
    all: 'for all that have no setting of their own',
    oneComponent: 'for one component',
    oneFlow: 'for one flow',
    component: 'Component',
    flow: 'Flow',
    on: 'The rule is held',
    threshold: 'Threshold',
    above: 'It is wrong above it.',
    below: 'It is wrong below it.',
    waits: 'Fires when it has been wrong for',
    amount: 'How many',
    unit: 'Of what',
    level: 'Level',
    byDefault: (setting: string) => `Default: ${setting}.`,
    reason: 'Reason',
    two: 'If this makes a critical rule protect less, a second system administrator has to approve it, who reads the reason.',
    ok: 'Change',
    cancel: 'Leave it as it is',
    at: 'at once',
    units: { day: 'days', hour: 'hours', minute: 'minutes', second: 'seconds' },
  },
  {
    title: (rule) => `修改规则“${rule}”`,
    of: '适用范围',
    all: '所有未单独设置的对象',
    oneComponent: '单个部件',
    oneFlow: '单个数据流',
    component: '部件',
    flow: '数据流',
    on: '启用此规则',
    threshold: '阈值',
    above: '高于阈值为异常。',
    below: '低于阈值为异常。',
    waits: '异常持续多久后告警',
    amount: '数量',
    unit: '单位',
    level: '级别',
    byDefault: (setting) => `默认：${setting}。`,
    reason: '原因',
    two: '如果降低了严重级别规则的保护，须由另一位系统管理员审批，审批人会看到此原因。',
    ok: '修改',
    cancel: '保持不变',
    at: '立即',
    units: { day: '天', hour: '小时', minute: '分钟', second: '秒' },
  },
);

export interface Wish {
  rule: Rule;
  name: string; // of a component or flow; empty for all
}

interface Filled {
  one: boolean;
  name: string;
  on: boolean;
  threshold: number;
  n: number;
  unit: Step;
  level: number;
  reason?: string;
}

// RuleChange changes a rule, for all or for one component or flow. fresh is the rule as
// it was read last, of which the change is made.
export function RuleChange({ wish, open, fresh, onClose }: { wish: Wish; open: boolean; fresh: Rule | undefined; onClose: () => void }) {
  const t = useText();
  const words = useRules();
  const [form] = Form.useForm<Filled>();
  const [busy, act] = useAct();
  const answer = useRuleAnswer();
  const [rule] = useState(wish.rule);
  const own = rule.own?.find((o) => o.name === wish.name)?.setting ?? rule.effective;
  const change = async (f: Filled) => {
    const body = { on: f.on, threshold: f.threshold ?? 0, for: joined(f.n, f.unit), level: f.level, reason: f.reason?.trim() || undefined };
    const params = { path: { rule: rule.id }, query: { for: f.one ? f.name.trim() : undefined }, header: { 'If-Match': `"${(fresh ?? rule).revision}"` } };
    const done = await act(async () => {
      try {
        answer.say((await client.PUT('/api/rules/{rule}', { params, body })).data);
      } finally {
        await answer.read(); // a rule that was changed meanwhile is shown; what was typed stays
      }
    });
    if (done) onClose();
  };
  return (
    <Modal open={open} title={t.title(words.name(rule.id))} okText={t.ok} cancelText={t.cancel} confirmLoading={busy} onOk={() => form.submit()} onCancel={onClose} destroyOnHidden>
      <p>{words.says(rule.id, rule.effective.threshold, rule.unit)}</p>
      <Form<Filled> form={form} layout="vertical" initialValues={{ one: wish.name !== '', name: wish.name, ...own, ...split(own.for) }} onFinish={(f) => void change(f)}>
        <Target scope={rule.scope} fixed={wish.name !== ''} />
        <Values rule={rule} />
        <Form.Item name="reason" label={t.reason} extra={t.two}>
          <Input.TextArea maxLength={2000} autoSize={{ minRows: 1, maxRows: 4 }} />
        </Form.Item>
      </Form>
    </Modal>
  );
}

function Target({ scope, fixed }: { scope: Rule['scope']; fixed: boolean }) {
  const t = useText();
  const known = useKnown();
  const one = Form.useWatch<boolean | undefined>('one');
  const options = (scope === 'component' ? known.components : known.flows).map((value) => ({ value }));
  return (
    <>
      <Form.Item name="one" label={t.of}>
        <Radio.Group disabled={fixed} orientation="vertical" options={[{ value: false, label: t.all }, { value: true, label: scope === 'flow' ? t.oneFlow : t.oneComponent }]} />
      </Form.Item>
      {one && (
        <Form.Item name="name" label={scope === 'flow' ? t.flow : t.component} rules={[{ required: true, whitespace: true }]}>
          <AutoComplete disabled={fixed} options={options} showSearch={{ filterOption: (typed, option) => String(option?.value).includes(typed) }} />
        </Form.Item>
      )}
    </>
  );
}

function Values({ rule }: { rule: Rule }) {
  const t = useText();
  const words = useRules();
  const levels = useLevels();
  const language = useLanguage();
  const usual = rule.default;
  return (
    <>
      <Form.Item name="on" label={t.on} valuePropName="checked">
        <Switch />
      </Form.Item>
      {rule.unit !== '' && (
        <Form.Item name="threshold" label={`${t.threshold} (${words.unit(rule.unit)})`} extra={`${rule.below ? t.below : t.above} ${t.byDefault(words.amount(usual.threshold, rule.unit))}`} rules={[{ required: true }]}>
          <InputNumber min={0} />
        </Form.Item>
      )}
      <Form.Item label={t.waits} extra={t.byDefault(usual.for === 0 ? t.at : inWords(usual.for, language))}>
        <Space.Compact>
          <Form.Item name="n" noStyle rules={[{ required: true }]}>
            <InputNumber min={0} aria-label={t.amount} />
          </Form.Item>
          <Form.Item name="unit" noStyle>
            <Select aria-label={t.unit} className="alert-unit" options={steps.map(([u]) => ({ value: u, label: t.units[u] }))} />
          </Form.Item>
        </Space.Compact>
      </Form.Item>
      <Form.Item name="level" label={t.level} extra={t.byDefault(levels[usual.level] ?? '')}>
        <Select options={[1, 2, 3].map((n) => ({ value: n, label: levels[n] }))} />
      </Form.Item>
    </>
  );
}
