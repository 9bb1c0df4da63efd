// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, Form, Input, InputNumber, Modal, Radio, Upload } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { useAct } from '../../parts/useAct';
import { useAtInputs } from '../../parts/useAtInputs';
import { fingerprintOf } from './fingerprint';
import { useText } from './sourcesText';

type Source = Schemas['IntakeSource'];
type Wanted = Schemas['IntakeSettings'];

interface SourceFormProps {
  source: Source | 'new';
  open: boolean;
  onLeave: () => void;
  onDone: (token?: string) => void;
}

// SourceForm adds a system that sends its audit, or changes one.
export function SourceForm({ source, open, onLeave, onDone }: SourceFormProps) {
  const t = useText();
  const [form] = Form.useForm<Wanted>();
  const atInputs = useAtInputs(form);
  const [busy, run] = useAct();
  const fresh = source === 'new';
  const send = async (body: Wanted) => {
    const done = await run(async () => {
      const token = await atInputs(() => (fresh ? add(body) : change(source, body)));
      onDone(token);
    }, fresh ? t.added : t.changed);
    if (done) onLeave();
    else onDone();
  };
  const does = fresh ? t.add : t.save;
  return (
    <Modal className="tall" open={open} title={fresh ? t.add : t.changeOf(source.name)} okText={does} cancelText={t.cancel} confirmLoading={busy} onOk={form.submit} onCancel={onLeave} destroyOnHidden>
      <Form form={form} layout="vertical" name="source" initialValues={fresh ? { kind: 'syslog' } : source} onFinish={(b) => void send(b)}>
        <SourceFields />
      </Form>
    </Modal>
  );
}

async function add(body: Wanted): Promise<string | undefined> {
  const { data } = await client.POST('/api/sources', { body });
  return data?.token;
}

async function change({ id, revision, on }: Source, body: Wanted): Promise<undefined> {
  await client.PUT('/api/sources/{id}', { params: { path: { id }, header: { 'If-Match': `"${revision}"` } }, body: { ...body, on } });
}

function SourceFields() {
  const t = useText();
  const kind = Form.useWatch<Wanted['kind']>('kind') ?? 'syslog';
  const wanted = [{ required: true, message: t.needed }];
  return (
    <>
      <Form.Item name="name" label={t.name} extra={t.nameHint} rules={wanted}>
        <Input maxLength={40} autoComplete="off" />
      </Form.Item>
      <Form.Item name="zone" label={t.zone} extra={t.zoneHint} rules={wanted}>
        <Input maxLength={40} autoComplete="off" />
      </Form.Item>
      <Form.Item name="kind" label={t.kind} extra={t.kindHints[kind]}>
        <Radio.Group options={(['syslog', 'json'] as const).map((value) => ({ value, label: t.kinds[value] }))} />
      </Form.Item>
      {kind === 'syslog' && <Fingerprint />}
      <Form.Item name="rate" label={t.rate} extra={t.rateHint}>
        <InputNumber precision={0} min={1} />
      </Form.Item>
    </>
  );
}

// Fingerprint is typed, or reckoned here from the certificate's file.
function Fingerprint() {
  const t = useText();
  const form = Form.useFormInstance<Wanted>();
  const [wrong, setWrong] = useState(false);
  const read = async (file: Blob) => {
    const found = fingerprintOf(await file.text());
    setWrong(found === undefined);
    if (found) form.setFieldsValue({ fingerprint: found });
  };
  return (
    <>
      <Form.Item name="fingerprint" label={t.fingerprint} extra={t.fingerprintHint} rules={[{ required: true, message: t.needed }]}>
        <Input className="mono" maxLength={95} autoComplete="off" />
      </Form.Item>
      <Form.Item help={wrong ? t.noCertificate : undefined} validateStatus={wrong ? 'error' : undefined}>
        <Upload accept=".pem,.crt,.cer" showUploadList={false} beforeUpload={(file) => (void read(file), false)}>
          <Button>{t.file}</Button>
        </Upload>
      </Form.Item>
    </>
  );
}
