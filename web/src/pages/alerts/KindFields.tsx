// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Button, Form, Input, Select, Space } from 'antd';
import { MinusCircleOutlined, PlusOutlined } from '@ant-design/icons';
import type { Schemas } from '../../api/client';
import { useChannelText } from './channelText';
import type { Filled } from './channelValues';

type Kind = Schemas['ChannelWanted']['kind'];

// KindFields are the fields that a kind of channel has. set names the secrets that are set.
export function KindFields({ set }: { set: string[] }) {
  const t = useChannelText();
  const kind = Form.useWatch<Kind | undefined>('kind') ?? 'mail';
  const robot = kind === 'wecom' || kind === 'dingtalk' || kind === 'feishu';
  return (
    <>
      {set.length > 0 && <Alert type="info" showIcon title={t.moved} className="alert-moved" />}
      {kind === 'mail' && <MailFields set={set} />}
      {kind === 'syslog' && <SyslogFields />}
      {(robot || kind === 'webhook') && <Secret name="url" label={t.url} set={set} required />}
      {(kind === 'dingtalk' || kind === 'feishu') && <Secret name="secret" label={t.secret} set={set} hint={t.secretHint} />}
      {kind === 'webhook' && <WebhookFields />}
      {(robot || kind === 'webhook') && (
        <Form.Item name="proxy" label={t.proxy}>
          <Input placeholder="http://HOST:PORT" maxLength={512} />
        </Form.Item>
      )}
      <Form.Item name="authority" label={t.authority} extra={t.authorityHint}>
        <Input.TextArea className="mono" autoSize={{ minRows: 1, maxRows: 6 }} placeholder="-----BEGIN CERTIFICATE-----" />
      </Form.Item>
    </>
  );
}

// Secret is a field that is written and never shown.
function Secret({ name, label, set, hint, required = false }: { name: keyof Filled; label: string; set: string[]; hint?: string; required?: boolean }) {
  const t = useChannelText();
  const there = set.includes(name);
  return (
    <Form.Item name={name} label={label} extra={[hint, there ? t.secretKept : t.secretNone].filter(Boolean).join(' ')} rules={[{ required: required && !there }]}>
      <Input.Password autoComplete="new-password" placeholder={there ? '•••' : undefined} />
    </Form.Item>
  );
}

function Server({ kinds }: { kinds: ('tls' | 'starttls' | 'none')[] }) {
  const t = useChannelText();
  return (
    <div className="alert-two">
      <Form.Item name="server" label={t.server} rules={[{ required: true, whitespace: true }]}>
        <Input placeholder={t.hostPort} maxLength={260} />
      </Form.Item>
      <Form.Item name="security" label={t.security} initialValue={kinds[0]}>
        <Select options={kinds.map((k) => ({ value: k, label: t.secure[k] }))} />
      </Form.Item>
    </div>
  );
}

function MailFields({ set }: { set: string[] }) {
  const t = useChannelText();
  return (
    <>
      <Server kinds={['starttls', 'tls', 'none']} />
      <Form.Item name="from" label={t.sender} rules={[{ required: true, whitespace: true }]}>
        <Input maxLength={256} />
      </Form.Item>
      <Form.Item name="to" label={t.recipients} extra={t.recipientsHint} rules={[{ required: true }]}>
        <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[',', ';', ' ', '，', '；']} />
      </Form.Item>
      <Form.Item name="user" label={t.user} extra={t.userHint}>
        <Input maxLength={256} autoComplete="off" />
      </Form.Item>
      <Secret name="password" label={t.password} set={set} />
    </>
  );
}

function SyslogFields() {
  const t = useChannelText();
  return (
    <>
      <Server kinds={['tls', 'none']} />
      <Form.Item name="framing" label={t.framing} initialValue="length">
        <Select options={(['length', 'newline'] as const).map((f) => ({ value: f, label: t.framings[f] }))} />
      </Form.Item>
    </>
  );
}

function WebhookFields() {
  const t = useChannelText();
  return (
    <>
      <Form.Item label={t.headers} extra={t.headersHint}>
        <Form.List name="headers">
          {(lines, { add, remove }) => (
            <>
              {lines.map((line) => (
                <Space key={line.key} align="baseline">
                  <Form.Item name={[line.name, 'name']} rules={[{ required: true }]}>
                    <Input aria-label={t.headerName} placeholder="Authorization" />
                  </Form.Item>
                  <Form.Item name={[line.name, 'value']}>
                    <Input.Password aria-label={t.headerValue} autoComplete="new-password" />
                  </Form.Item>
                  <Button type="text" aria-label={t.remove} icon={<MinusCircleOutlined />} onClick={() => remove(line.name)} />
                </Space>
              ))}
              <Button icon={<PlusOutlined />} onClick={() => add()}>
                {t.header}
              </Button>
            </>
          )}
        </Form.List>
      </Form.Item>
      <Form.Item name="contentType" label={t.contentType}>
        <Input placeholder="application/json" maxLength={128} />
      </Form.Item>
      <Form.Item name="template" label={t.template} extra={t.templateHint}>
        <Input.TextArea className="mono" autoSize={{ minRows: 2, maxRows: 10 }} maxLength={16384} />
      </Form.Item>
    </>
  );
}
