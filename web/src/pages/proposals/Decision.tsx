// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Space } from 'antd';
import { useState } from 'react';
import type { Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { usePerson } from '../../session/session';
import { useNames } from '../../shell/names';
import { Approve } from './Approve';
import { Refuse } from './Refuse';
import { useText } from './text';

// Decision says whose turn it is, and has the buttons of who may decide.
export function Decision({ of: p, again }: { of: Schemas['Proposal']; again: () => void }) {
  const t = useText();
  const names = useNames();
  const { account, duty, may } = usePerson();
  const [open, setOpen] = useState<'approve' | 'refuse' | 'withdraw' | null>(null);
  if (!['open', 'approved', 'doing'].includes(p.state)) return null;
  const own = p.proposer === account.id;
  const ours = p.duty === duty;
  const begun = p.state === 'doing';
  const says = () => {
    if (begun) return t.doingNote;
    if (p.state === 'approved') return t.approvedNote;
    if (!may('approve-proposal')) return t.auditor;
    if (!ours) return t.other(names.duties[p.duty as 'system'] ?? p.duty);
    return own ? t.own : t.waits(p.proposerName);
  };
  const leave = () => setOpen(null);
  return (
    <>
      <Alert
        type={ours && !own && p.state === 'open' ? 'warning' : 'info'}
        showIcon
        title={says()}
        action={
          ours &&
          !begun && (
            <Space wrap>
              {!own && p.state === 'open' && (
                <Act call="approve-proposal" type="primary" onClick={() => setOpen('approve')}>
                  {t.approve}
                </Act>
              )}
              {own ? (
                <Act call="withdraw-proposal" onClick={() => setOpen('withdraw')}>
                  {t.withdraw}
                </Act>
              ) : (
                <Act call="refuse-proposal" onClick={() => setOpen('refuse')}>
                  {t.refuse}
                </Act>
              )}
            </Space>
          )
        }
      />
      <Approve of={p} open={open === 'approve'} onLeave={leave} again={again} />
      <Refuse of={p} open={open === 'refuse' || open === 'withdraw'} own={own} onLeave={leave} again={again} />
    </>
  );
}
