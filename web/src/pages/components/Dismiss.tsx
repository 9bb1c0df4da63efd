// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { App, Form, Input } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { client } from '../../api/client';
import { Act } from '../../parts/Act';
import { ByName } from '../../parts/ByName';
import { ProblemView } from '../../parts/ProblemView';
import { useText } from './text';

// Dismiss proposes to strike a component off, by its name and with a reason.
export function Dismiss({ id }: { id: string }) {
  const t = useText();
  const go = useNavigate();
  const { message } = App.useApp();
  const [open, setOpen] = useState(false);
  const [reason, setReason] = useState('');
  const [tried, setTried] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const propose = async () => {
    setTried(true);
    setError(null);
    if (reason.trim() === '') return;
    try {
      const { data } = await client.POST('/api/components/{id}/dismiss', { params: { path: { id } }, body: { reason } });
      void message.success(t.admit.proposed);
      if (data) void go(`/proposals/${data.id}`);
    } catch (e) {
      setError(e);
    }
  };
  const wanted = tried && reason.trim() === '';
  return (
    <>
      <Act call="dismiss-component" danger onClick={() => setOpen(true)}>
        {t.dismiss.open}
      </Act>
      <ByName open={open} name={id} title={t.dismiss.title(id)} does={t.dismiss.does} onDo={propose} onLeave={() => (setOpen(false), setError(null))}>
        <p>{t.dismiss.what}</p>
        <Form layout="vertical">
          <Form.Item label={t.dismiss.reason} htmlFor="dismiss-reason" required validateStatus={wanted ? 'error' : ''} help={wanted ? t.dismiss.wanted : undefined}>
            <Input.TextArea id="dismiss-reason" value={reason} onChange={(e) => setReason(e.target.value)} maxLength={2000} autoSize={{ minRows: 2, maxRows: 6 }} />
          </Form.Item>
        </Form>
        {error !== null && <ProblemView error={error} />}
      </ByName>
    </>
  );
}
