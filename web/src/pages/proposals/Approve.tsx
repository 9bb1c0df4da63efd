// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { App, type ButtonProps, Form, Input, Modal } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { Failure } from '../../signing/Failure';
import { Compare, comparedOf } from '../components/Compare';
import './difference.css';
import { isSigned, sign, Signing } from './Signing';
import { useText } from './text';

type Proposal = Schemas['Proposal'];

interface ApproveProps {
  of: Proposal;
  open: boolean;
  onLeave: () => void;
  again: () => void;
}

// Approve is a second person's yes to what is shown, with what its kind wants beside: a
// signature, or what was read on the component's own screen.
export function Approve({ of: p, open, onLeave, again }: ApproveProps) {
  const t = useText();
  const { message } = App.useApp();
  const [key, setKey] = useState('');
  const [typed, setTyped] = useState('');
  const [reason, setReason] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const signed = isSigned(p);
  const release = p.kind === 'release-quarantined'; // shows a document
  const wanted = p.kind === 'admit-component' ? String((p.payload as { fingerprint?: string }).fingerprint ?? '') : undefined;
  const ready = (!signed || key !== '') && (wanted === undefined || comparedOf(typed, wanted) === 'same');
  const leave = () => {
    setKey('');
    setTyped('');
    setError(null);
    onLeave();
  };
  const approve = async () => {
    setBusy(true);
    setError(null);
    try {
      const signatures = await sign(p, key);
      await client.POST('/api/proposals/{id}/approve', {
        params: { path: { id: p.id } },
        body: { digest: p.digest, ...(reason && { reason }), ...(wanted !== undefined && { compared: wanted }), ...(signatures && { signatures }) },
      });
      void message.success(t.saidApproved);
      leave();
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
      again();
    }
  };
  return (
    <Modal
      open={open}
      title={t.approveTitle}
      okText={signed ? t.signDo : t.approveDo}
      okButtonProps={{ disabled: !ready, loading: busy, 'data-call': 'approve-proposal' } as ButtonProps}
      cancelText={t.cancel}
      onOk={() => void approve()}
      onCancel={leave}
      destroyOnHidden
      width={release ? 880 : 600}
      {...(release && { style: { top: 24 } })}
    >
      <div className="stack">
        {error !== null && <Failure error={error} />}
        <div>
          {t.seen}
          <div className="mono wrap-anywhere">{p.digest}</div>
        </div>
        <Consequence of={p} />
        <Form layout="vertical">
          {signed && <Signing of={p} onKey={setKey} />}
          {wanted !== undefined && <Compare fingerprint={wanted} typed={typed} onType={setTyped} />}
          <Form.Item label={t.reasonMay} htmlFor="approve-reason" className="decision-reason">
            <Input.TextArea id="approve-reason" value={reason} onChange={(e) => setReason(e.target.value)} maxLength={2000} autoSize={{ minRows: 2, maxRows: 6 }} />
          </Form.Item>
        </Form>
      </div>
    </Modal>
  );
}

// Consequence says when it is done and whether it can be taken back.
function Consequence({ of: p }: { of: Proposal }) {
  const t = useText();
  if (p.due && new Date(p.due).getTime() > Date.now()) return <div>{t.atDue}</div>;
  const said: Record<string, string> = { 'publish-policy': t.atOncePolicy, 'release-quarantined': t.atOnceRelease };
  return <div>{said[p.kind] ?? t.atOnce}</div>;
}
