// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { App, type ButtonProps, Form, Input, Modal } from 'antd';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { client, type Schemas } from '../../api/client';
import { Facts } from '../../parts/Facts';
import { ProblemView } from '../../parts/ProblemView';
import { useMay } from '../../session/session';
import { Compare } from './Compare';
import { comparedOf } from './compared';
import { Role } from './marks';
import { useText } from './text';

// Admit proposes to admit a component whose fingerprint the person has compared.
export function Admit({ request: r, onLeave }: { request: Schemas['InventoryRequest'] | undefined; onLeave: () => void }) {
  const t = useText();
  const may = useMay();
  const go = useNavigate();
  const { message } = App.useApp();
  const [typed, setTyped] = useState('');
  const [reason, setReason] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const leave = () => {
    setTyped('');
    setError(null);
    onLeave();
  };
  const propose = async (of: Schemas['InventoryRequest']) => {
    setBusy(true);
    setError(null);
    try {
      const { data } = await client.POST('/api/component-requests/{id}/admit', {
        params: { path: { id: of.id } },
        body: { fingerprint: of.fingerprint, ...(reason && { reason }) },
      });
      void message.success(t.admit.proposed);
      if (data) void go(`/proposals/${data.id}`);
    } catch (e) {
      setError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open={r !== undefined && may('admit-component')}
      title={t.admit.title(r?.component ?? '')}
      okText={t.admit.propose}
      okButtonProps={{ disabled: comparedOf(typed, r?.fingerprint ?? '') !== 'same', loading: busy, 'data-call': 'admit-component' } as ButtonProps}
      cancelText={t.cancel}
      onOk={() => r && void propose(r)}
      onCancel={leave}
      destroyOnHidden
    >
      {r && (
        <div className="stack">
          <div>{t.admit.lead}</div>
          <Facts columns={1} of={[[t.requests.columns.component, r.component], [t.facts.role, <Role role={r.role} />], [t.facts.zone, r.zone], [t.requests.columns.by, r.by]]} />
          <Form layout="vertical">
            <Compare fingerprint={r.fingerprint} typed={typed} onType={setTyped} />
            <Form.Item label={t.admit.reason} htmlFor="admit-reason">
              <Input.TextArea id="admit-reason" value={reason} onChange={(e) => setReason(e.target.value)} maxLength={2000} autoSize={{ minRows: 2, maxRows: 6 }} />
            </Form.Item>
          </Form>
          {error !== null && <ProblemView error={error} />}
        </div>
      )}
    </Modal>
  );
}
