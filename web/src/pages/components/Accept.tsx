// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { App, type ButtonProps, Form, Input, Modal } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { client } from '../../api/client';
import { ProblemView } from '../../parts/ProblemView';
import { useText } from './text';

interface AcceptProps {
  id: string;
  number: number | null;
  first: boolean; // none is intended yet
  onLeave: () => void;
}

// Accept makes a snapshot the intended configuration: the first at once, another one by a
// proposal.
export function Accept({ id, number, first, onLeave }: AcceptProps) {
  const t = useText();
  const go = useNavigate();
  const queries = useQueryClient();
  const { message } = App.useApp();
  const [reason, setReason] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const leave = () => {
    setReason('');
    setError(null);
    onLeave();
  };
  const accept = async () => {
    setBusy(true);
    setError(null);
    try {
      const { data } = await client.POST('/api/components/{id}/configuration/accept', { params: { path: { id } }, body: { number: number ?? 0, ...(reason && { reason }) } });
      await queries.invalidateQueries({ predicate: (q) => /^\/api\/(components|proposals|inbox)/.test(String(q.queryKey[1])) });
      void message.success(data?.accepted ? t.accept.accepted : t.accept.proposed);
      leave();
      if (data?.proposal) void go(`/proposals/${data.proposal.id}`);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open={number !== null}
      title={t.accept.title(number ?? 0, id)}
      okText={first ? t.accept.do : t.accept.propose}
      okButtonProps={{ loading: busy, 'data-call': 'accept-configuration' } as ButtonProps}
      cancelText={t.cancel}
      onOk={() => void accept()}
      onCancel={leave}
      destroyOnHidden
    >
      <p>{first ? t.accept.first : t.accept.other}</p>
      <Form layout="vertical">
        <Form.Item label={t.accept.reason} htmlFor="accept-reason">
          <Input.TextArea id="accept-reason" value={reason} onChange={(e) => setReason(e.target.value)} maxLength={2000} autoSize={{ minRows: 2, maxRows: 6 }} />
        </Form.Item>
      </Form>
      {error !== null && <ProblemView error={error} />}
    </Modal>
  );
}
