// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Form, Input, Modal } from 'antd';
import { useEffect } from 'react';
import { client, type Schemas } from '../../api/client';
import { useAct } from '../../parts/useAct';
import { useAtInputs } from '../../parts/useAtInputs';
import { FindingFields } from './OpenFinding';
import { useText } from './text';

type Change = Schemas['ChangeFindingInBody'];

interface ChangeFindingProps {
  open: boolean;
  finding: Schemas['Finding'];
  onLeave: () => void;
  onDone: () => void;
}

// ChangeFinding corrects a finding. Only what differs is sent; when somebody was faster,
// what was typed stays and the newer finding is read.
export function ChangeFinding({ open, finding, onLeave, onDone }: ChangeFindingProps) {
  const t = useText();
  const [form] = Form.useForm<Change>();
  const atInputs = useAtInputs(form);
  const [busy, run] = useAct();
  const { title, severity, owner, due } = finding;
  useEffect(() => {
    if (open) form.setFieldsValue({ title, severity, owner, due, text: '' });
    // Only when it opens: what is typed is not written over.
  }, [open]);
  const send = async (wanted: Change) => {
    const header = { 'If-Match': `"${finding.revision}"` };
    const body = differing(wanted, finding);
    const done = await run(() => atInputs(() => client.PATCH('/api/findings/{id}', { params: { path: { id: finding.id }, header }, body })), t.saved);
    onDone();
    if (done) onLeave();
  };
  return (
    <Modal open={open} title={t.change} okText={t.save} cancelText={t.cancel} confirmLoading={busy} onOk={form.submit} onCancel={onLeave} forceRender>
      <p>{t.changeLead}</p>
      <Form form={form} layout="vertical" name="change-finding" onFinish={(v) => void send(v)}>
        <FindingFields />
        <Form.Item name="text" label={t.why}>
          <Input.TextArea rows={2} maxLength={4000} />
        </Form.Item>
      </Form>
    </Modal>
  );
}

function differing(wanted: Change, now: Schemas['Finding']): Change {
  const body: Change = { text: wanted.text };
  if (wanted.title !== now.title) body.title = wanted.title;
  if (wanted.severity !== now.severity) body.severity = wanted.severity;
  if (wanted.owner !== now.owner) body.owner = wanted.owner;
  if (wanted.due !== now.due) body.due = wanted.due;
  return body;
}
