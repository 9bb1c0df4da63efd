// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { App, type ButtonProps, Form, Input, Modal } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { ProblemView } from '../../parts/ProblemView';
import { useText } from './text';

interface RefuseProps {
  of: Schemas['Proposal'];
  open: boolean;
  own: boolean; // it is taken back by who proposed it
  onLeave: () => void;
  again: () => void;
}

// Refuse is a second person's no, or the proposer's own.
export function Refuse({ of: p, open, own, onLeave, again }: RefuseProps) {
  const t = useText();
  const { message } = App.useApp();
  const [reason, setReason] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const leave = () => {
    setError(null);
    onLeave();
  };
  const refuse = async () => {
    setBusy(true);
    setError(null);
    const params = { path: { id: p.id } };
    try {
      if (own) await client.POST('/api/proposals/{id}/withdraw', { params, body: reason ? { reason } : {} });
      else await client.POST('/api/proposals/{id}/refuse', { params, body: { digest: p.digest, reason } });
      void message.success(own ? t.saidWithdrawn : t.saidRefused);
      setReason('');
      leave();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
      again();
    }
  };
  const call = own ? 'withdraw-proposal' : 'refuse-proposal';
  return (
    <Modal
      open={open}
      title={own ? t.withdrawTitle : t.refuseTitle}
      okText={own ? t.withdrawDo : t.refuseDo}
      okButtonProps={{ danger: true, disabled: !own && reason.trim() === '', loading: busy, 'data-call': call } as ButtonProps}
      cancelText={t.cancel}
      onOk={() => void refuse()}
      onCancel={leave}
      destroyOnHidden
    >
      <p>{own ? t.withdrawNote : t.refuseNote}</p>
      <Form layout="vertical">
        <Form.Item label={own ? t.reasonMay : t.reasonWhy} htmlFor="refuse-reason" required={!own}>
          <Input.TextArea id="refuse-reason" value={reason} onChange={(e) => setReason(e.target.value)} maxLength={2000} autoSize={{ minRows: 3, maxRows: 8 }} />
        </Form.Item>
      </Form>
      {error !== null && <ProblemView error={error} />}
    </Modal>
  );
}
