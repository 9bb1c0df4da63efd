// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { Form, Input, Modal } from 'antd';
import { useState } from 'react';
import { client } from '../../api/client';
import { texts } from '../../language/texts';
import { useAct } from '../../parts/useAct';

const useText = texts(
  {
    title: (n: number) => (n === 1 ? 'Acknowledge this alert' : `Acknowledge ${n} alerts`),
    means: 'You say that you have taken it on. It goes on firing until what is wrong ends, and this cannot be taken back.',
    note: 'What you do about it',
    ok: 'Acknowledge',
    cancel: 'Not now',
    done: 'Acknowledged.',
  },
  {
    title: (n) => (n === 1 ? '认领此告警' : `认领 ${n} 条告警`),
    means: '表示由您负责处理。异常消除之前告警会继续；认领不能撤回。',
    note: '处理说明',
    ok: '认领',
    cancel: '暂不',
    done: '已认领。',
  },
);

// readAlerts has all that shows alerts read anew.
export function useReadAlerts(): () => Promise<void> {
  const queries = useQueryClient();
  return () => queries.invalidateQueries({ predicate: (q) => ['/api/alerts', '/api/inbox', '/api/overview', '/api/silences'].some((p) => String(q.queryKey[1]).startsWith(p)) });
}

// Acknowledge asks for a note, and takes alerts on. onClose is told whether it was done.
export function Acknowledge({ ids, open, onClose }: { ids: string[]; open: boolean; onClose: (done: boolean) => void }) {
  const t = useText();
  const [busy, act] = useAct();
  const [note, write] = useState('');
  const read = useReadAlerts();
  const take = async () => {
    const done = await act(async () => {
      try {
        for (const id of ids) await client.POST('/api/alerts/{id}/acknowledge', { params: { path: { id } }, body: { note: note.trim() || undefined } });
      } finally {
        await read(); // also when one of several was not done
      }
    }, t.done);
    if (!done) return;
    write('');
    onClose(true);
  };
  return (
    <Modal open={open} title={t.title(ids.length)} okText={t.ok} cancelText={t.cancel} confirmLoading={busy} onOk={() => void take()} onCancel={() => onClose(false)} destroyOnHidden>
      <p>{t.means}</p>
      <Form layout="vertical" onFinish={() => void take()}>
        <Form.Item label={t.note} htmlFor="acknowledge-note">
          <Input id="acknowledge-note" value={note} maxLength={500} onChange={(e) => write(e.target.value)} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
