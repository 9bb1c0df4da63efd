// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQuery } from '@tanstack/react-query';
import { Button, Form, Result, Space, Spin, Steps } from 'antd';
import { useState } from 'react';
import { useNavigate, useParams } from 'react-router';
import { client, type Schemas } from '../../api/client';
import { problemOf } from '../../api/problem';
import { ProblemView } from '../../parts/ProblemView';
import { Authenticator } from './Authenticator';
import { Door } from './Door';
import { Command } from './SetupNote';
import { TakeOver } from './TakeOver';
import { useText } from './text';
import { Trouble } from './Trouble';
import { useFormAct } from './useFormAct';

// Link leads the person whom a one-time link is for to an account of their own. The
// token is in the page's fragment, and leaves it in the bodies of calls only.
export default function Link() {
  const words = useText().link;
  const token = useParams().token ?? '';
  const look = useQuery({
    queryKey: ['post', '/api/links/look', token],
    queryFn: async () => (await client.POST('/api/links/look', { body: { token } })).data ?? null,
    staleTime: Infinity, // what a link is for does not change
    retry: false,
  });
  const [enrolment, setEnrolment] = useState<Schemas['Enrolment'] | null>(null);
  const [account, setAccount] = useState<Schemas['Account'] | null>(null);
  if (look.isPending) return <Spin className="waiting" size="large" />;
  if (look.error && problemOf(look.error).code !== 'unknown') {
    return (
      <Door title={words.title}>
        <ProblemView error={look.error} retry={() => void look.refetch()} />
      </Door>
    );
  }
  if (!look.data) return <Useless />;
  const step = account ? 2 : enrolment ? 1 : 0;
  const items = [words.steps.account, words.steps.authenticator, words.steps.done].map((title) => ({ title }));
  return (
    <Door title={words.title} wide>
      <Steps className="door-steps" size="small" current={step} items={items} />
      {step === 0 && <TakeOver token={token} link={look.data} onEnrolment={setEnrolment} />}
      {step === 1 && enrolment && <Confirm token={token} enrolment={enrolment} onBack={() => setEnrolment(null)} onDone={setAccount} />}
      {account && <Done account={account} />}
    </Door>
  );
}

interface ConfirmProps {
  token: string;
  enrolment: Schemas['Enrolment'];
  onBack: () => void;
  onDone: (a: Schemas['Account']) => void;
}

function Confirm({ token, enrolment, onBack, onDone }: ConfirmProps) {
  const words = useText().link;
  const [form] = Form.useForm<{ totp: string }>();
  const { busy, error, act } = useFormAct(form, { 'credentials-wrong': ['totp', words.totpWrong] });
  const submit = ({ totp }: { totp: string }) =>
    act(async () => {
      const { data } = await client.POST('/api/links/confirm', { body: { token, totp } });
      if (data) onDone(data);
    });
  return (
    <Form form={form} layout="vertical" requiredMark={false} onFinish={(v) => void submit(v)}>
      <Trouble error={error} />
      <Authenticator enrolment={enrolment} />
      <p>{words.reload}</p>
      <Space>
        <Button type="primary" htmlType="submit" loading={busy}>
          {words.confirm}
        </Button>
        <Button onClick={onBack}>{words.back}</Button>
      </Space>
    </Form>
  );
}

function Done({ account }: { account: Schemas['Account'] }) {
  const words = useText().link;
  const go = useNavigate();
  return (
    <Result
      status="success"
      title={<h2 className="result-title">{words.doneTitle}</h2>}
      subTitle={words.done(account.name)}
      extra={
        <Button type="primary" onClick={() => void go('/sign-in', { replace: true, state: { name: account.name } })}>
          {words.signIn}
        </Button>
      }
    />
  );
}

// Useless says what to do about a link that is not good any more.
function Useless() {
  const words = useText().link;
  const go = useNavigate();
  return (
    <Door title={words.uselessTitle} wide>
      <p>
        {words.useless} {words.used}
      </p>
      <p>{words.lost}</p>
      <ul>
        <li>
          {words.lostFirst} <Command of="dukou account link system" /> (<code>security</code>, <code>audit</code>)
        </li>
        <li>{words.lostGrant}</li>
        <li>{words.lostRecover}</li>
      </ul>
      <Button type="primary" onClick={() => void go('/sign-in', { replace: true })}>
        {words.signIn}
      </Button>
    </Door>
  );
}
