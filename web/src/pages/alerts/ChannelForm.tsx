// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { App, Button, Drawer, Form, Input, Select, Space, Switch } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { ProblemView } from '../../parts/ProblemView';
import { useMark } from '../../parts/useAtInputs';
import { usePreferences } from '../../session/preferences';
import { KindFields } from './KindFields';
import { useChannelText, useKinds } from './channelText';
import { type Filled, filledOf, wantedOf } from './channelValues';
import { useLevels } from './Level';
import { Windows } from './Windows';

type Channel = Schemas['ChannelBody'];

interface ChannelFormProps {
  channel: Channel | undefined; // none: a new one
  open: boolean;
  fresh: Channel | undefined;
  onClose: () => void;
}

// ChannelForm makes or changes a channel. fresh is the channel as it was read last.
export function ChannelForm({ channel, open, fresh, onClose }: ChannelFormProps) {
  const t = useChannelText();
  const { language, zone } = usePreferences();
  const [form] = Form.useForm<Filled>();
  const mark = useMark(form);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const queries = useQueryClient();
  const { message } = App.useApp();
  const save = async (filled: Filled) => {
    setBusy(true);
    setError(null);
    try {
      const body = wantedOf(filled);
      const params = { path: { id: channel?.id ?? '' }, header: { 'If-Match': `"${(fresh ?? channel)?.revision ?? 0}"` } };
      await (channel ? client.PUT('/api/channels/{id}', { params, body }) : client.POST('/api/channels', { body }));
      void message.success(t.done);
      onClose();
    } catch (e) {
      setError(e);
      mark(e);
    } finally {
      setBusy(false);
      await queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/channels') });
    }
  };
  return (
    <Drawer
      open={open}
      size={560}
      title={channel ? t.change(channel.name) : t.make}
      onClose={onClose}
      destroyOnHidden
      footer={
        <div className="stack">
          {error !== null && <ProblemView error={error} />}
          <Space>
            <Button type="primary" loading={busy} onClick={() => form.submit()}>
              {t.ok}
            </Button>
            <Button onClick={onClose}>{t.cancel}</Button>
          </Space>
        </div>
      }
    >
      <Form<Filled> form={form} layout="vertical" initialValues={filledOf(channel, language, zone)} scrollToFirstError onFinish={(f) => void save(f)}>
        <Common changing={channel !== undefined} />
        <KindFields set={channel?.set ?? []} />
        <Windows />
      </Form>
    </Drawer>
  );
}

function Common({ changing }: { changing: boolean }) {
  const t = useChannelText();
  const kinds = useKinds();
  const levels = useLevels();
  return (
    <>
      <Form.Item name="kind" label={t.kind} extra={changing ? t.kindStays : undefined}>
        <Select disabled={changing} options={Object.entries(kinds).map(([value, label]) => ({ value, label }))} />
      </Form.Item>
      <Form.Item name="name" label={t.name} rules={[{ required: true, whitespace: true }]}>
        <Input maxLength={64} />
      </Form.Item>
      <Form.Item name="on" label={t.on} valuePropName="checked">
        <Switch />
      </Form.Item>
      <div className="alert-two">
        <Form.Item name="language" label={t.language}>
          <Select options={[{ value: 'zh', label: '中文' }, { value: 'en', label: 'English' }]} />
        </Form.Item>
        <Form.Item name="zone" label={t.zone}>
          <Select showSearch options={Intl.supportedValuesOf('timeZone').map((value) => ({ value }))} />
        </Form.Item>
      </div>
      <Form.Item name="least" label={t.least} extra={t.leastHint}>
        <Select options={[1, 2, 3].map((value) => ({ value, label: levels[value] }))} />
      </Form.Item>
    </>
  );
}
