// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, App, Form, InputNumber, Space } from 'antd';
import { useEffect, useState } from 'react';
import { Link } from 'react-router';
import { client, type Schemas } from '../../api/client';
import { problemOf } from '../../api/problem';
import { Act } from '../../parts/Act';
import { Trouble } from '../entrance/Trouble';
import { useFormAct } from '../entrance/useFormAct';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';
import type { RulesRead } from './useRules';

type Rules = Schemas['AccountRules'];
export const ruleNames = ['minLength', 'classes', 'history', 'days', 'failures', 'lockMinutes', 'idleMinutes', 'sessionHours'] as const satisfies (keyof Rules)[];

// RulesForm sets the rules of the revision that was read when the form was filled. When
// somebody was faster, what was typed stays, beside the values that are in force now.
export function RulesForm({ read, again }: { read: RulesRead; again: () => Promise<RulesRead | undefined> }) {
  const t = useText();
  const { message } = App.useApp();
  const [form] = Form.useForm<Rules>();
  const { busy, error, act, setError } = useFormAct(form);
  const [base, setBase] = useState(read);
  const [proposal, setProposal] = useState<string | null>(null);
  const readAnew = useReadAnew();
  useEffect(() => {
    if (form.isFieldsTouched()) return; // what was typed stays
    setBase(read);
    form.setFieldsValue(read.rules);
  }, [form, read]);
  const stale = error !== null && problemOf(error).code === 'stale';
  const fill = (rules: Rules) => {
    form.resetFields(); // nothing counts as typed any more
    form.setFieldsValue(rules);
  };
  const submit = async (typed: Rules) => {
    setProposal(null);
    let set: Schemas['RulesSet'] | undefined;
    const done = await act(async () => {
      set = (await client.PUT('/api/settings/accounts', { params: { header: { 'If-Match': base.etag } }, body: typed })).data;
    });
    const now = await again();
    if (now) setBase(now);
    if (!done) return;
    void readAnew('/api/settings', '/api/proposals', '/api/inbox');
    if (set?.proposal) return setProposal(set.proposal);
    if (now) fill(now.rules);
    void message.success(t.rules.inForce);
  };
  return (
    <Form form={form} name="account-rules" layout="vertical" requiredMark={false} initialValues={read.rules} onFinish={(v) => void submit(v)}>
      <div className="stack">
        {stale && <Alert type="warning" showIcon title={t.rules.stale} />}
        <Trouble error={stale ? null : error} />
        {proposal !== null && <Proposed id={proposal} />}
      </div>
      <div className="rules section">
        {ruleNames.map((name) => (
          <OneRule key={name} name={name} now={base.rules[name]} />
        ))}
      </div>
      <Space>
        <Act call="set-account-rules" type="primary" htmlType="submit" loading={busy}>
          {t.rules.save}
        </Act>
        <Act call="set-account-rules" onClick={() => (fill(base.rules), setError(null))}>
          {t.rules.reset}
        </Act>
      </Space>
    </Form>
  );
}

function OneRule({ name, now }: { name: (typeof ruleNames)[number]; now: number }) {
  const t = useText();
  const words = t.rules.fields[name];
  const typed = Form.useWatch<number | undefined>(name);
  const extra = typed !== undefined && typed !== now ? <strong>{t.rules.now(now)}</strong> : t.rules.now(now);
  return (
    <Form.Item name={name} label={words.label} extra={extra} rules={[{ required: true, type: 'integer', message: t.wanted }]}>
      <InputNumber suffix={words.unit} className="rule-number" />
    </Form.Item>
  );
}

function Proposed({ id }: { id: string }) {
  const t = useText();
  const link = <Link to={`/proposals/${encodeURIComponent(id)}`}>{t.rules.toProposal}</Link>;
  return <Alert type="info" showIcon title={t.rules.proposedTitle} description={<>{t.rules.proposed} {link}</>} />;
}
