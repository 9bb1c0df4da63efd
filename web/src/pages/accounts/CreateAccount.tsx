// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Form, Input, Modal } from 'antd';
import { client, type Schemas } from '../../api/client';
import { Trouble } from '../entrance/Trouble';
import { useFormAct } from '../entrance/useFormAct';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';

interface Typed {
  name: string;
  person: string;
}

// CreateAccount makes an account without rights.
export function CreateAccount({ open, onLeave, onMade }: { open: boolean; onLeave: () => void; onMade: (i: Schemas['Invited']) => void }) {
  const t = useText();
  const [form] = Form.useForm<Typed>();
  const { busy, error, act, setError } = useFormAct(form);
  const readAnew = useReadAnew();
  const leave = () => {
    setError(null);
    onLeave();
  };
  const submit = (typed: Typed) =>
    act(async () => {
      const { data } = await client.POST('/api/accounts/{name}', { params: { path: { name: typed.name.trim() } }, body: { person: typed.person.trim() } });
      void readAnew('/api/accounts', '/api/inbox');
      if (data) onMade(data);
    });
  return (
    <Modal
      open={open}
      title={t.create.title}
      okText={t.create.go}
      cancelText={t.cancel}
      confirmLoading={busy}
      onOk={() => form.submit()}
      onCancel={leave}
      destroyOnHidden
    >
      <p>{t.create.lead}</p>
      <Trouble error={error} />
      <Form form={form} name="create-account" layout="vertical" requiredMark={false} clearOnDestroy onFinish={(v) => void submit(v)}>
        <Form.Item name="name" label={t.create.name} extra={t.create.nameHint} rules={[{ required: true, message: t.wanted }]}>
          <Input maxLength={32} autoComplete="off" autoCapitalize="none" spellCheck={false} autoFocus />
        </Form.Item>
        <Form.Item name="person" label={t.create.person} extra={t.create.personHint} rules={[{ required: true, message: t.wanted }]}>
          <Input maxLength={64} autoComplete="off" />
        </Form.Item>
      </Form>
    </Modal>
  );
}
