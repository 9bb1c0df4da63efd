// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, Form, Input } from 'antd';
import { client, type Schemas } from '../../api/client';
import type { Duty } from '../../api/calls';
import { Time } from '../../parts/Time';
import { useNames } from '../../shell/names';
import { NewPassword } from './NewPassword';
import { useText } from './text';
import { Trouble } from './Trouble';
import { useFormAct } from './useFormAct';

interface Typed {
  name?: string;
  person?: string;
  code?: string;
  password: string;
}

interface TakeOverProps {
  token: string;
  link: Schemas['LinkState'];
  onEnrolment: (e: Schemas['Enrolment']) => void;
}

// TakeOver is the first step of a link: what it is for, and name and password.
export function TakeOver({ token, link, onEnrolment }: TakeOverProps) {
  const t = useText();
  const words = t.link;
  const [form] = Form.useForm<Typed>();
  const { busy, error, act } = useFormAct(form, { 'credentials-wrong': ['code', words.codeWrong] });
  const submit = ({ name, person, code, password }: Typed) =>
    act(async () => {
      const body = { token, password, name: name?.trim(), person: person?.trim(), code: code?.trim() };
      const { data } = await client.POST('/api/links/redeem', { body });
      if (data) onEnrolment(data);
    });
  return (
    <>
      <WhatFor link={link} />
      <Form form={form} layout="vertical" requiredMark={false} onFinish={(v) => void submit(v)}>
        <Trouble error={error} />
        {link.wantsName && <NameFields />}
        {link.wantsCode && (
          <Form.Item
            name="code"
            label={words.code}
            extra={link.purpose === 'recover' ? words.codeRecover : words.codeGrant}
            rules={[{ required: true, message: t.signIn.wanted }]}
          >
            <Input autoComplete="off" maxLength={64} spellCheck={false} />
          </Form.Item>
        )}
        <NewPassword />
        <Button type="primary" htmlType="submit" loading={busy}>
          {words.go}
        </Button>
      </Form>
    </>
  );
}

function WhatFor({ link }: { link: Schemas['LinkState'] }) {
  const words = useText().link;
  const { duties } = useNames();
  const duty = duties[link.duty as Duty] ?? link.duty;
  const what = { first: words.first(duty), grant: words.grant(link.person ?? '', duty), recover: words.recover(duty) }[link.purpose];
  return (
    <div className="door-lead">
      <p>
        <strong>{what}</strong>{' '}
        {link.account && (
          <>
            {words.account}: <code>{link.account}</code>
          </>
        )}
      </p>
      <p>
        {words.alone}
        <br />
        {words.expires} <Time at={link.expires} />
      </p>
    </div>
  );
}

function NameFields() {
  const t = useText();
  const words = t.link;
  const rules = [{ required: true, message: t.signIn.wanted }];
  return (
    <div className="pair">
      <Form.Item name="name" label={words.name} extra={words.nameHint} rules={rules}>
        <Input autoComplete="username" maxLength={32} autoCapitalize="none" spellCheck={false} autoFocus />
      </Form.Item>
      <Form.Item name="person" label={words.person} extra={words.personHint} rules={rules}>
        <Input autoComplete="name" maxLength={64} />
      </Form.Item>
    </div>
  );
}
