// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { startAuthentication } from '@simplewebauthn/browser';
import { Button, Divider, Form, Input, Typography } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import { Digits } from './Authenticator';
import { NewPassword } from './NewPassword';
import { useText } from './text';
import { Trouble } from './Trouble';
import { useFormAct } from './useFormAct';

type Body = Schemas['SessionBody'];
interface StepProps {
  onBody: (body: Body) => void;
}

// PasswordStep asks for name and password.
export function PasswordStep({ name, onBody }: StepProps & { name: string }) {
  const words = useText().signIn;
  const [form] = Form.useForm<{ name: string; password: string }>();
  const { busy, error, act } = useFormAct(form);
  const submit = (typed: { name: string; password: string }) =>
    act(async () => {
      const { data } = await client.POST('/api/session', { body: { name: typed.name.trim(), password: typed.password } });
      if (data) onBody(data);
    });
  return (
    <Form form={form} layout="vertical" requiredMark={false} initialValues={{ name }} onFinish={(v) => void submit(v)}>
      <Trouble error={error} />
      <Form.Item name="name" label={words.name} rules={[{ required: true, message: words.wanted }]}>
        <Input autoComplete="username" maxLength={64} autoFocus={name === ''} autoCapitalize="none" spellCheck={false} />
      </Form.Item>
      <Form.Item name="password" label={words.password} rules={[{ required: true, message: words.wanted }]}>
        <Input.Password autoComplete="current-password" maxLength={256} autoFocus={name !== ''} />
      </Form.Item>
      <Button type="primary" htmlType="submit" loading={busy} block>
        {words.go}
      </Button>
    </Form>
  );
}

// FactorStep asks for the second factor: six digits, or a passkey where there is one.
export function FactorStep({ body, passkey, onBody, onRestart }: StepProps & { body: Body | null; passkey: boolean; onRestart: () => void }) {
  const words = useText().signIn;
  const [form] = Form.useForm<{ totp: string }>();
  const { busy, error, act, setError } = useFormAct(form, { 'credentials-wrong': ['totp', words.wrongCode] });
  const show = (proof: () => Promise<{ totp?: string; passkey?: unknown }>) =>
    act(async () => {
      const { data } = await client.POST('/api/session/factor', { body: await proof() });
      if (data) onBody(data);
    });
  const [asking, setAsking] = useState(false);
  const showPasskey = async () => {
    setAsking(true);
    setError(null);
    // What the browser says of a passkey that was not shown is no sentence for people.
    const answer = await passkeyAnswer().catch((e: unknown) => (setError(e instanceof Problem ? e : words.passkeyFailed), null));
    setAsking(false);
    if (answer) await show(() => Promise.resolve({ passkey: answer }));
  };
  return (
    <Form form={form} layout="vertical" requiredMark={false} onFinish={(v) => void show(() => Promise.resolve({ totp: v.totp }))}>
      <p className="door-lead">{body ? words.factorLead(body.session.account) : words.factorLeadPlain}</p>
      <Trouble error={error} />
      <Digits name="totp" label={words.code} />
      <Button type="primary" htmlType="submit" loading={busy} block>
        {words.show}
      </Button>
      {passkey && (
        <>
          <Divider plain>{words.or}</Divider>
          <Button block loading={asking} disabled={busy} onClick={() => void showPasskey()}>
            {words.passkey}
          </Button>
        </>
      )}
      <Button type="link" block onClick={onRestart}>
        {words.restart}
      </Button>
      <Typography.Text type="secondary">{words.lost}</Typography.Text>
    </Form>
  );
}

async function passkeyAnswer() {
  const { data } = await client.POST('/api/session/passkey');
  const options = data?.options as { publicKey?: unknown };
  return startAuthentication({ optionsJSON: (options.publicKey ?? options) as never });
}

// RenewStep has a password that has expired changed.
export function RenewStep({ onBody, onRestart }: StepProps & { onRestart: () => void }) {
  const words = useText().signIn;
  const [form] = Form.useForm<{ old: string; password: string }>();
  const { busy, error, act } = useFormAct(form, { 'credentials-wrong': ['old', words.oldWrong] });
  const submit = (typed: { old: string; password: string }) =>
    act(async () => {
      const { data } = await client.POST('/api/self/password', { body: { old: typed.old, password: typed.password } });
      if (data) onBody(data);
    });
  return (
    <Form form={form} layout="vertical" requiredMark={false} onFinish={(v) => void submit(v)}>
      <p className="door-lead">{words.renewLead}</p>
      <Trouble error={error} />
      <Form.Item name="old" label={words.old} rules={[{ required: true, message: words.wanted }]}>
        <Input.Password autoComplete="current-password" maxLength={256} autoFocus />
      </Form.Item>
      <NewPassword />
      <Button type="primary" htmlType="submit" loading={busy} block>
        {words.renew}
      </Button>
      <Button type="link" block onClick={onRestart}>
        {words.restart}
      </Button>
    </Form>
  );
}
