// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, App, Form, Input, Modal } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { client, type Schemas } from '../../api/client';
import { problemOf } from '../../api/problem';
import { Trouble } from '../entrance/Trouble';
import { useFormAct } from '../entrance/useFormAct';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';

interface Typed {
  name: string;
  person: string;
}

// RenameAccount changes the names of an account, of the revision that was read. When
// somebody was faster, what was typed stays beside what is there now.
export function RenameAccount({ account, open, onLeave }: { account: Schemas['Account']; open: boolean; onLeave: () => void }) {
  const t = useText();
  const { message } = App.useApp();
  const go = useNavigate();
  const [form] = Form.useForm<Typed>();
  const { busy, error, act } = useFormAct(form);
  const readAnew = useReadAnew();
  const [read, setRead] = useState(account);
  const stale = error !== null && problemOf(error).code === 'stale';
  const submit = async (typed: Typed) => {
    const body = { name: typed.name.trim(), person: typed.person.trim() };
    const done = await act(async () => {
      try {
        await client.PATCH('/api/accounts/{account}', { params: { path: { account: read.id }, header: { 'If-Match': `"${read.revision}"` } }, body });
      } catch (e) {
        if (problemOf(e).code === 'stale') {
          const { data } = await client.GET('/api/accounts/{account}', { params: { path: { account: read.id } } });
          if (data) setRead(data);
        }
        throw e;
      }
    });
    if (!done) return;
    void message.success(t.one.saved);
    onLeave();
    // The page may stand at the old name, under which nothing is read any more.
    await go(`/accounts/${read.id}`, { replace: true });
    await readAnew('/api/accounts', '/api/session');
  };
  return (
    <Modal open={open} title={t.one.rename} okText={t.one.save} cancelText={t.cancel} confirmLoading={busy} onOk={() => form.submit()} onCancel={onLeave} destroyOnHidden>
      <p>{t.one.renameLead}</p>
      {stale && <Alert className="trouble" type="warning" showIcon title={t.one.stale} description={`${read.name} · ${read.person}`} />}
      <Trouble error={stale ? null : error} />
      <Form form={form} name="rename-account" layout="vertical" requiredMark={false} initialValues={{ name: account.name, person: account.person }} onFinish={(v) => void submit(v)}>
        <Form.Item name="name" label={t.one.name} extra={t.create.nameHint} rules={[{ required: true, message: t.wanted }]}>
          <Input maxLength={32} autoComplete="off" autoCapitalize="none" spellCheck={false} />
        </Form.Item>
        <Form.Item name="person" label={t.one.person} rules={[{ required: true, message: t.wanted }]}>
          <Input maxLength={64} autoComplete="off" />
        </Form.Item>
      </Form>
    </Modal>
  );
}
