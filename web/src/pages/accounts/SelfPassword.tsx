// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { App, Form, Input } from 'antd';
import { client } from '../../api/client';
import { Act } from '../../parts/Act';
import { NewPassword } from '../entrance/NewPassword';
import { Trouble } from '../entrance/Trouble';
import { useFormAct } from '../entrance/useFormAct';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';

interface Typed {
  old: string;
  password: string;
}

// SelfPassword changes one's own password.
export function SelfPassword() {
  const t = useText();
  const words = t.self.password;
  const { message } = App.useApp();
  const [form] = Form.useForm<Typed>();
  const { busy, error, act } = useFormAct(form, { 'credentials-wrong': ['old', words.wrong] });
  const readAnew = useReadAnew();
  const submit = async ({ old, password }: Typed) => {
    if (!(await act(() => client.POST('/api/self/password', { body: { old, password } })))) return;
    form.resetFields();
    void message.success(words.done);
    await readAnew('/api/session', '/api/accounts'); // sessions, too
  };
  return (
    <Form className="narrow" form={form} name="own-password" layout="vertical" requiredMark={false} onFinish={(v) => void submit(v)}>
      <p>{words.lead}</p>
      <Trouble error={error} />
      <Form.Item name="old" label={words.old} rules={[{ required: true, message: t.wanted }]}>
        <Input.Password autoComplete="current-password" maxLength={256} />
      </Form.Item>
      <NewPassword />
      <Act call="change-password" type="primary" htmlType="submit" loading={busy}>
        {words.go}
      </Act>
    </Form>
  );
}
