// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Checkbox, Form, Input, Modal, Radio, Select, Typography } from 'antd';
import { client, type Schemas } from '../../api/client';
import { useAct } from '../../parts/useAct';
import { useAtInputs } from '../../parts/useAtInputs';
import { classes, useClasses } from './classes';
import { useText } from './exportsText';

type Target = Schemas['ExportTarget'];
type Wanted = Schemas['AddTargetInBody'];

interface TargetFormProps {
  target: Target | 'new';
  open: boolean;
  onLeave: () => void;
  onDone: () => void;
}

// TargetForm adds a receiver of entries, or changes one.
export function TargetForm({ target, open, onLeave, onDone }: TargetFormProps) {
  const t = useText();
  const [form] = Form.useForm<Wanted>();
  const atInputs = useAtInputs(form);
  const [busy, run] = useAct();
  const fresh = target === 'new';
  const send = async (body: Wanted) => {
    const done = await run(() => atInputs(() => (fresh ? client.POST('/api/exports/targets', { body }) : change(target, body))), fresh ? t.added : t.changed);
    onDone();
    if (done) onLeave();
  };
  const first = fresh ? { form: 'ocsf', framing: 'octets', classes: [], all: false } : { ...target, classes: target.classes ?? [] };
  return (
    <Modal
      className="tall"
      open={open}
      width={720}
      title={fresh ? t.add : t.changeOf(target.name)}
      okText={fresh ? t.add : t.save}
      cancelText={t.cancel}
      confirmLoading={busy}
      onOk={form.submit}
      onCancel={onLeave}
      destroyOnHidden
    >
      <Form form={form} layout="vertical" name="target" initialValues={first} onFinish={(b) => void send(b)}>
        <Way />
        <What fresh={fresh} />
        <Files />
      </Form>
    </Modal>
  );
}

async function change({ id, revision, on }: Target, body: Wanted) {
  return client.PUT('/api/exports/targets/{id}', { params: { path: { id }, header: { 'If-Match': `"${revision}"` } }, body: { ...body, on } });
}

function Way() {
  const t = useText();
  const wanted = [{ required: true, message: t.needed }];
  return (
    <>
      <div className="side-by-side">
        <Form.Item name="name" label={t.name} extra={t.nameHint} rules={wanted}>
          <Input maxLength={40} autoComplete="off" />
        </Form.Item>
        <Form.Item name="serverName" label={t.serverName} extra={t.serverNameHint}>
          <Input maxLength={253} autoComplete="off" />
        </Form.Item>
      </div>
      <Form.Item name="address" label={t.address} extra={t.addressHint} rules={wanted}>
        <Input maxLength={300} placeholder="siem.bank.internal:6514" autoComplete="off" />
      </Form.Item>
    </>
  );
}

function What({ fresh }: { fresh: boolean }) {
  const t = useText();
  const words = useClasses();
  return (
    <>
      <div className="side-by-side">
        <Form.Item name="form" label={t.form}>
          <Radio.Group options={(['ocsf', 'cef'] as const).map((value) => ({ value, label: t.forms[value] }))} />
        </Form.Item>
        <Form.Item name="framing" label={t.framing} extra={t.framingHint}>
          <Select options={(['octets', 'newline'] as const).map((value) => ({ value, label: t.framings[value] }))} />
        </Form.Item>
      </div>
      <Form.Item name="classes" label={t.classes} extra={t.classesHint}>
        <Select mode="multiple" options={classes.map((value) => ({ value, label: words.names[value] }))} />
      </Form.Item>
      {fresh && (
        <Form.Item name="all" valuePropName="checked">
          <Checkbox>{t.all}</Checkbox>
        </Form.Item>
      )}
    </>
  );
}

function Files() {
  const t = useText();
  return (
    <fieldset className="plain-set">
      <legend>{t.files}</legend>
      <p>
        <Typography.Text type="secondary">{t.filesHint}</Typography.Text>
      </p>
      <Form.Item name="ca" label={t.ca} rules={[{ required: true, message: t.needed }]}>
        <Input maxLength={100} placeholder="siem-ca.pem" autoComplete="off" />
      </Form.Item>
      <div className="side-by-side">
        <Form.Item name="certificate" label={t.certificate} extra={t.optional}>
          <Input maxLength={100} placeholder="center.pem" autoComplete="off" />
        </Form.Item>
        <Form.Item name="key" label={t.key} extra={t.optional}>
          <Input maxLength={100} placeholder="center.key" autoComplete="off" />
        </Form.Item>
      </div>
    </fieldset>
  );
}
