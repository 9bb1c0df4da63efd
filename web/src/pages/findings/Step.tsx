// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Form, Input, Select } from 'antd';
import { client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { useAct } from '../../parts/useAct';
import { useAtInputs } from '../../parts/useAtInputs';
import { useMay, usePerson } from '../../session/session';
import { type NextState, nextOf } from './moves';
import { Section } from '../../parts/Section';
import { useText } from './text';

interface StepProps {
  finding: Schemas['Finding'];
  onDone: () => void;
}

// Step is what can be done to a finding now: set its state, and say something.
export function Step({ finding, onDone }: StepProps) {
  const may = useMay();
  const { duty } = usePerson();
  return (
    <div>
      {may('move-finding') && <Move finding={finding} onDone={onDone} />}
      {may('comment-finding') && finding.speakers?.includes(duty) && <Comment finding={finding} onDone={onDone} />}
    </div>
  );
}

function Move({ finding, onDone }: StepProps) {
  const t = useText();
  const { duty } = usePerson();
  const [form] = Form.useForm<{ state: NextState; text?: string }>();
  const atInputs = useAtInputs(form);
  const [busy, run] = useAct();
  const offered = nextOf(finding, duty);
  const state = Form.useWatch('state', form);
  if (offered.length === 0) return null;
  const send = async (body: { state: NextState; text?: string }) => {
    const header = { 'If-Match': `"${finding.revision}"` };
    const done = await run(() => atInputs(() => client.POST('/api/findings/{id}/state', { params: { path: { id: finding.id }, header }, body })), t.moved);
    if (done) form.resetFields();
    onDone(); // also when it was not done: somebody may have changed it meanwhile
  };
  return (
    <Section title={t.move} lead={t.moveHint}>
      <Form form={form} layout="vertical" name="move" onFinish={(v) => void send(v)}>
        <Form.Item name="state" label={t.to} rules={[{ required: true, message: t.needed }]}>
          <Select options={offered.map((n) => ({ value: n.state, label: t.states[n.state] }))} />
        </Form.Item>
        <Form.Item name="text" label={t.what} extra={t.wanted} rules={[{ required: offered.some((n) => n.state === state && n.text), message: t.needed }]}>
          <Input.TextArea rows={3} maxLength={4000} />
        </Form.Item>
        <Act call="move-finding" type="primary" htmlType="submit" loading={busy}>
          {state ? t.moveTo(t.states[state] ?? state) : t.move}
        </Act>
      </Form>
    </Section>
  );
}

function Comment({ finding, onDone }: StepProps) {
  const t = useText();
  const [form] = Form.useForm<{ text: string }>();
  const atInputs = useAtInputs(form);
  const [busy, run] = useAct();
  const send = async (body: { text: string }) => {
    const done = await run(() => atInputs(() => client.POST('/api/findings/{id}/comments', { params: { path: { id: finding.id } }, body })), t.said);
    if (done) form.resetFields();
    onDone();
  };
  return (
    <Section title={t.comment} lead={t.commentHint}>
      <Form form={form} layout="vertical" name="comment" onFinish={(v) => void send(v)}>
        <Form.Item name="text" label={t.comment} rules={[{ required: true, message: t.needed }]}>
          <Input.TextArea rows={3} maxLength={4000} />
        </Form.Item>
        <Act call="comment-finding" htmlType="submit" loading={busy}>
          {t.say}
        </Act>
      </Form>
    </Section>
  );
}
