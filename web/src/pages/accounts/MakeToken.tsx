// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Checkbox, Form, Input, InputNumber, Modal } from 'antd';
import { client, type Schemas } from '../../api/client';
import { Trouble } from '../entrance/Trouble';
import { useFormAct } from '../entrance/useFormAct';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';

interface Typed {
  name: string;
  days: number;
  readOnly: boolean;
}

// MakeToken makes an API token. It only reads unless somebody wants more of it.
export function MakeToken({ open, onLeave, onMade }: { open: boolean; onLeave: () => void; onMade: (m: Schemas['MadeToken']) => void }) {
  const t = useText();
  const words = t.self.tokens;
  const [form] = Form.useForm<Typed>();
  const { busy, error, act, setError } = useFormAct(form, { invalid: ['name', words.badName] });
  const readAnew = useReadAnew();
  const submit = ({ name, days, readOnly }: Typed) =>
    act(async () => {
      const { data } = await client.POST('/api/self/tokens/{name}', { params: { path: { name: name.trim() } }, body: { days, readOnly } });
      void readAnew('/api/self/tokens');
      if (data) onMade(data);
    });
  const first: Partial<Typed> = { days: 90, readOnly: true };
  return (
    <Modal
      open={open}
      title={words.make}
      okText={words.go}
      cancelText={t.cancel}
      confirmLoading={busy}
      onOk={() => form.submit()}
      onCancel={() => (setError(null), onLeave())}
      destroyOnHidden
    >
      <Trouble error={error} />
      <Form form={form} name="make-token" layout="vertical" requiredMark={false} clearOnDestroy initialValues={first} onFinish={(v) => void submit(v)}>
        <Form.Item name="name" label={words.name} extra={words.nameHint} rules={[{ required: true, message: t.wanted }]}>
          <Input maxLength={32} autoComplete="off" autoCapitalize="none" spellCheck={false} autoFocus />
        </Form.Item>
        <Form.Item name="days" label={words.days} rules={[{ required: true, type: 'integer', message: t.wanted }]}>
          <InputNumber min={1} />
        </Form.Item>
        <Form.Item name="readOnly" valuePropName="checked" extra={words.readOnlyHint}>
          <Checkbox>{words.readOnly}</Checkbox>
        </Form.Item>
      </Form>
    </Modal>
  );
}
