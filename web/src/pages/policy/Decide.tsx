// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { Space } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { Act } from '../../parts/Act';
import { ByName } from '../../parts/ByName';
import { useAct } from '../../parts/useAct';

const useText = texts(
  {
    confirm: 'Confirm',
    confirmed: 'Confirmed: it stays in force.',
    back: 'Roll back',
    backTitle: 'Put back what was in force before',
    backText: (version: number, base: number) => `Version ${version} ends at once, and what version ${base} says is put back. This cannot be undone; the draft stays, and can be published again.`,
    backDone: 'What was in force before is being put back.',
  },
  {
    confirm: '确认生效',
    confirmed: '已确认，策略保持生效。',
    back: '回退',
    backTitle: '恢复此前生效的策略',
    backText: (version: number, base: number) => `版本 ${version} 立即终止，恢复版本 ${base} 的内容。此操作不可撤销；草稿保留，可再次发布。`,
    backDone: '正在恢复此前的策略。',
  },
);

// Decide are the two buttons of a publication that waits: it stays, or it goes back.
export function Decide({ of, size = 'middle' }: { of: Schemas['DraftPublication']; size?: 'small' | 'middle' }) {
  const t = useText();
  const queries = useQueryClient();
  const [busy, act] = useAct();
  const [asked, setAsked] = useState(false);
  if (of.state !== 'unconfirmed') return null;
  const params = { params: { path: { id: of.id } } };
  const anew = () => queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/policies') });
  const confirm = () => act(() => client.POST('/api/policies/{id}/confirm', params).then(anew), t.confirmed);
  const back = () => act(() => client.POST('/api/policies/{id}/rollback', params).then(anew), t.backDone).then(() => setAsked(false));
  return (
    <Space size="small">
      <Act call="confirm-publication" type="primary" size={size} loading={busy} onClick={() => void confirm()}>
        {t.confirm}
      </Act>
      <Act call="roll-back-publication" danger size={size} disabled={busy} onClick={() => setAsked(true)}>
        {t.back}
      </Act>
      <ByName open={asked} name={String(of.version)} title={t.backTitle} does={t.back} onDo={back} onLeave={() => setAsked(false)}>
        <p>{t.backText(of.version, of.base)}</p>
      </ByName>
    </Space>
  );
}
