// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Form, Input, Tag } from 'antd';
import { api, type Schemas } from '../../api/client';
import { madeOf } from './kinds';
import { useText } from './text';

type Rules = Schemas['Setup']['password'];

// NewPassword are the two fields of a new password, with what it is made of while it is
// typed. They are part of a form that has the fields "password" and "again".
export function NewPassword() {
  const t = useText();
  const words = t.newPassword;
  const rules = api.useQuery('get', '/api/setup', {}).data?.password;
  const typed = Form.useWatch<string | undefined>('password');
  return (
    <>
      <Form.Item
        name="password"
        label={words.password}
        rules={[{ required: true, message: t.signIn.wanted }]}
        extra={
          <>
            {rules ? words.rules(rules) : words.general}
            <MadeOf password={typed ?? ''} rules={rules} />
          </>
        }
      >
        <Input.Password autoComplete="new-password" maxLength={rules?.maxBytes} />
      </Form.Item>
      <Form.Item
        name="again"
        label={words.again}
        dependencies={['password']}
        rules={[
          { required: true, message: t.signIn.wanted },
          ({ getFieldValue }) => ({
            validator: (_, again) => (again && again !== getFieldValue('password') ? Promise.reject(new Error(words.differs)) : Promise.resolve()),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" maxLength={rules?.maxBytes} />
      </Form.Item>
    </>
  );
}

function MadeOf({ password, rules }: { password: string; rules?: Rules | undefined }) {
  const words = useText().newPassword;
  const made = madeOf(password);
  return (
    <ul className="made-of" aria-label={words.made}>
      <li>
        <Part there={rules ? made.length >= rules.minLength : made.length > 0} name={words.length(made.length)} />
      </li>
      {(['lower', 'upper', 'digit', 'other'] as const).map((kind) => (
        <li key={kind}>
          <Part there={made[kind]} name={words[kind]} />
        </li>
      ))}
    </ul>
  );
}

function Part({ there, name }: { there: boolean; name: string }) {
  const words = useText().newPassword;
  return (
    <Tag variant="outlined" color={there ? 'success' : 'default'} title={there ? words.has : words.hasNot}>
      <span aria-hidden="true">{there ? '✓' : '·'}</span> {name}
    </Tag>
  );
}
