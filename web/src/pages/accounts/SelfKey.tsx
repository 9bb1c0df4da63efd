// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { UploadOutlined } from '@ant-design/icons';
import { Alert, App, Button, Form, Input } from 'antd';
import { useRef } from 'react';
import { client } from '../../api/client';
import { Act } from '../../parts/Act';
import { Id } from '../../parts/Id';
import { usePerson } from '../../session/session';
import { Command } from '../entrance/SetupNote';
import { Trouble } from '../entrance/Trouble';
import { useFormAct } from '../entrance/useFormAct';
import { isPrivate } from './privateKey';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';

// SelfKey registers the public half of the key with which one signs policy.
export function SelfKey() {
  const words = useText().self.key;
  const { account } = usePerson();
  return (
    <div className="stack narrow">
      <div>{words.lead}</div>
      {account.approverKey ? (
        <div>
          {words.now}: <Id value={account.approverKey} length={24} />
        </div>
      ) : (
        <Alert type="warning" showIcon title={words.none} />
      )}
      <KeyForm />
      <div>
        {words.make} <Command of="dukou policy keygen -o approver" />
        <div>{words.same}</div>
      </div>
    </div>
  );
}

function KeyForm() {
  const t = useText();
  const words = t.self.key;
  const { message } = App.useApp();
  const [form] = Form.useForm<{ key: string }>();
  const { busy, error, act } = useFormAct(form, { invalid: ['key', words.notKey] });
  const readAnew = useReadAnew();
  const submit = async ({ key }: { key: string }) => {
    if (!(await act(() => client.PUT('/api/self/key', { body: { key: key.trim() } })))) return;
    form.resetFields();
    void message.success(words.done);
    await readAnew('/api/session', '/api/accounts');
  };
  const take = (text: string) => {
    // A private half has no business in this page: it is not even shown.
    form.setFieldValue('key', isPrivate(text) ? '' : text.trim());
    form.setFields([{ name: 'key', errors: isPrivate(text) ? [words.private] : [] }]);
  };
  const notPrivate = { validator: (_: unknown, typed?: string) => (isPrivate(typed ?? '') ? Promise.reject(new Error(words.private)) : Promise.resolve()) };
  return (
    <Form form={form} name="approver-key" layout="vertical" requiredMark={false} onFinish={(v) => void submit(v)}>
      <Trouble error={error} />
      <Form.Item name="key" label={words.paste} extra={words.pasteHint} rules={[{ required: true, message: t.wanted }, notPrivate]}>
        <Input.TextArea className="mono" autoSize={{ minRows: 3, maxRows: 6 }} maxLength={1024} spellCheck={false} />
      </Form.Item>
      <div className="filters">
        <ChooseFile label={words.file} word={words.choose} onText={take} />
        <Act call="set-approver-key" type="primary" htmlType="submit" loading={busy}>
          {words.go}
        </Act>
      </div>
    </Form>
  );
}

function ChooseFile({ label, word, onText }: { label: string; word: string; onText: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const read = async (file: File | undefined) => {
    if (file) onText(await file.slice(0, 4096).text());
    if (input.current) input.current.value = ''; // the same file may be chosen again
  };
  return (
    <>
      <input ref={input} type="file" aria-label={label} accept=".pub,.pem" className="file-input" onChange={(e) => void read(e.target.files?.[0])} />
      <Button icon={<UploadOutlined />} onClick={() => input.current?.click()}>
        {word}
      </Button>
    </>
  );
}
