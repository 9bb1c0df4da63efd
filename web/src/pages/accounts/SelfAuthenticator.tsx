// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { App, Button, Form, Space } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { useAct } from '../../parts/useAct';
import { Authenticator } from '../entrance/Authenticator';
import { Trouble } from '../entrance/Trouble';
import { useFormAct } from '../entrance/useFormAct';
import { useText } from './text';

// SelfAuthenticator sets up another authenticator in place of the one in use.
export function SelfAuthenticator() {
  const words = useText().self.totp;
  const [enrolment, setEnrolment] = useState<Schemas['Enrolment'] | null>(null);
  const [busy, act] = useAct();
  const begin = () =>
    act(async () => {
      const { data } = await client.POST('/api/self/totp');
      setEnrolment(data ?? null);
    });
  return (
    <>
      <p className="lead">{words.lead}</p>
      {enrolment ? (
        <Confirm enrolment={enrolment} onEnd={() => setEnrolment(null)} />
      ) : (
        <Act call="renew-totp" type="primary" loading={busy} onClick={() => void begin()}>
          {words.begin}
        </Act>
      )}
    </>
  );
}

function Confirm({ enrolment, onEnd }: { enrolment: Schemas['Enrolment']; onEnd: () => void }) {
  const words = useText().self.totp;
  const { message } = App.useApp();
  const [form] = Form.useForm<{ totp: string }>();
  const { busy, error, act } = useFormAct(form, { 'credentials-wrong': ['totp', words.wrong] });
  const submit = async ({ totp }: { totp: string }) => {
    if (!(await act(() => client.POST('/api/self/totp/confirm', { body: { totp } })))) return;
    void message.success(words.done);
    onEnd();
  };
  return (
    <Form className="new-totp" form={form} name="new-totp" layout="vertical" requiredMark={false} onFinish={(v) => void submit(v)}>
      <Trouble error={error} />
      <Authenticator enrolment={enrolment} />
      <Space>
        <Act call="confirm-totp" type="primary" htmlType="submit" loading={busy}>
          {words.confirm}
        </Act>
        <Button onClick={onEnd}>{words.leave}</Button>
      </Space>
    </Form>
  );
}
