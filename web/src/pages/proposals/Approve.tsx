// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, App, type ButtonProps, Form, Input, Modal } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { ProblemView } from '../../parts/ProblemView';
import { KeyFile } from '../../signing/KeyFile';
import { signPublication } from '../../signing/sign';
import { useSigningText } from '../../signing/text';
import { Compare, comparedOf } from '../components/Compare';
import './difference.css';
import { useText } from './text';

type Proposal = Schemas['Proposal'];

// Publishing is the payload of a publication (docs/formats/bundle.md).
interface Publishing {
  publication: string;
  version: number;
  digest: string;
  return: number;
  returnDigest: string;
}

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
  const publishing = p.kind === 'publish-policy' ? (p.payload as Publishing) : undefined;
  const wanted = p.kind === 'admit-component' ? String((p.payload as { fingerprint?: string }).fingerprint ?? '') : undefined;
  const byCommand = p.kind === 'release-quarantined';
  const ready = !byCommand && (!publishing || key !== '') && (wanted === undefined || comparedOf(typed, wanted) === 'same');
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
      const signatures = publishing && (await signPublication(publishing.publication, { ...publishing, returnVersion: publishing.return }, key));
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
      okText={publishing ? t.signDo : t.approveDo}
      okButtonProps={{ disabled: !ready, loading: busy, 'data-call': 'approve-proposal' } as ButtonProps}
      cancelText={t.cancel}
      onOk={() => void approve()}
      onCancel={leave}
      destroyOnHidden
      width={600}
    >
      <div className="stack">
        {error !== null && <Failure error={error} />}
        <div>
          {t.seen}
          <div className="mono wrap-anywhere">{p.digest}</div>
        </div>
        {byCommand && <Alert type="info" showIcon title={t.byCommand(p.id)} />}
        <Consequence of={p} />
        <Form layout="vertical">
          {publishing && (
            <>
              <p className="decision-sign">{t.signWith}</p>
              <KeyFile onKey={setKey} />
            </>
          )}
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
  return <div>{p.kind === 'publish-policy' ? t.atOncePolicy : t.atOnce}</div>;
}

function Failure({ error }: { error: unknown }) {
  const say = useSigningText();
  const text = say(error);
  return text ? <Alert type="error" showIcon role="alert" title={text} /> : <ProblemView error={error} />;
}
