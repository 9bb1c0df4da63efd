// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { MinusCircleOutlined, PlusOutlined } from '@ant-design/icons';
import { Button, Form, Input, InputNumber, Modal, Select } from 'antd';
import { client, type Schemas } from '../../api/client';
import { useAct } from '../../parts/useAct';
import { useAtInputs } from '../../parts/useAtInputs';
import { useNames } from '../../shell/names';
import { MomentInput } from '../../parts/MomentInput';
import { useText } from './text';

type Wanted = Schemas['OpenFindingInBody'];

interface OpenFindingProps {
  open: boolean;
  entries: Schemas['FindingEntry'][];
  onLeave: () => void;
  onOpened: (id: string) => void;
}

// OpenFinding is the form by which audit opens a finding.
export function OpenFinding({ open, entries, onLeave, onOpened }: OpenFindingProps) {
  const t = useText();
  const [form] = Form.useForm<Wanted>();
  const atInputs = useAtInputs(form);
  const [busy, run] = useAct();
  const send = (body: Wanted) =>
    run(async () => {
      const { data } = await atInputs(() => client.POST('/api/findings', { body }));
      form.resetFields();
      if (data) onOpened(data.id);
    }, t.openedNow);
  return (
    <Modal className="tall" open={open} title={t.open} okText={t.open} cancelText={t.cancel} width={640} confirmLoading={busy} onOk={form.submit} onCancel={onLeave} destroyOnHidden>
      <p>{t.openLead}</p>
      <Form form={form} layout="vertical" name="open-finding" initialValues={{ severity: 2, owner: 'security', entries }} onFinish={(body) => void send(body)}>
        <FindingFields />
        <Form.Item name="text" label={t.textOf}>
          <Input.TextArea rows={3} maxLength={4000} />
        </Form.Item>
        <Entries />
      </Form>
    </Modal>
  );
}

// FindingFields are the inputs that opening and correcting have in common.
export function FindingFields() {
  const t = useText();
  const names = useNames();
  const wanted = [{ required: true, message: t.needed }];
  return (
    <>
      <Form.Item name="title" label={t.titleOf} extra={t.titleHint} rules={wanted}>
        <Input maxLength={200} autoComplete="off" />
      </Form.Item>
      <div className="side-by-side">
        <Form.Item name="severity" label={t.severity} rules={wanted}>
          <Select options={[1, 2, 3].map((value) => ({ value, label: t.severities[value] }))} />
        </Form.Item>
        <Form.Item name="owner" label={t.owner} rules={wanted}>
          <Select options={(['system', 'security'] as const).map((value) => ({ value, label: names.duties[value] }))} />
        </Form.Item>
      </div>
      <Form.Item name="due" label={t.due} extra={t.dueHint} rules={wanted}>
        <MomentInput ahead={[7, 30, 90].map((days) => ({ days, label: t.inDays(days) }))} />
      </Form.Item>
    </>
  );
}

function Entries() {
  const t = useText();
  const wanted = [{ required: true, message: t.needed }];
  return (
    <Form.List name="entries">
      {(fields, { add, remove }) => (
        <fieldset className="plain-set">
          <legend>{t.entries}</legend>
          {fields.map((f, n) => (
            <div key={f.key} className="entry-row">
              <Form.Item name={[f.name, 'log']} label={t.log} rules={wanted}>
                <Input maxLength={250} autoComplete="off" />
              </Form.Item>
              <Form.Item name={[f.name, 'index']} label={t.index} rules={wanted}>
                <InputNumber min={0} precision={0} />
              </Form.Item>
              <Button type="text" className="entry-remove" aria-label={`${t.removeEntry} ${n + 1}`} icon={<MinusCircleOutlined />} onClick={() => remove(f.name)} />
            </div>
          ))}
          <Button icon={<PlusOutlined />} onClick={() => add({})}>
            {t.addEntry}
          </Button>
        </fieldset>
      )}
    </Form.List>
  );
}
