// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { DatePicker, Form, Input, Skeleton } from 'antd';
import type { Dayjs } from 'dayjs';
import { useState } from 'react';
import { api, client } from '../../api/client';
import { Act } from '../../parts/Act';
import { ByName } from '../../parts/ByName';
import { Facts } from '../../parts/Facts';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { Section } from '../../parts/Section';
import { momentOf } from '../../parts/zoned';
import { UnderWay } from './Classes';
import { useText } from './retentionText';
import { useProposed } from './useProposed';

// Destroyed is what the daily run has destroyed last, and how more is.
export function Destroyed() {
  const t = useText();
  const [open, setOpen] = useState(false);
  const { data } = api.useQuery('get', '/api/retention', {});
  const last = data?.last;
  return (
    <Section
      title={t.last}
      actions={
        <Act call="destroy-details" danger onClick={() => setOpen(true)}>
          {t.destroy}
        </Act>
      }
    >
      <UnderWay kind="destroy-details" />
      {!last ? (
        <Skeleton active paragraph={{ rows: 1 }} />
      ) : last.at ? (
        <Facts
          columns={1}
          of={[
            [t.lastAt, <Time key="at" at={last.at} />],
            [t.keysBefore, `${last.keysBefore?.slice(0, 10)} (UTC)`],
            [t.removed, String(last.removed)],
          ]}
        />
      ) : (
        <p>{t.lastNever}</p>
      )}
      <Destroy open={open} onLeave={() => setOpen(false)} />
    </Section>
  );
}

// Destroy proposes that keys are destroyed: the day is typed once more.
function Destroy({ open, onLeave }: { open: boolean; onLeave: () => void }) {
  const t = useText();
  const proposed = useProposed();
  const [day, setDay] = useState<Dayjs | null>(null);
  const [reason, setReason] = useState('');
  const [, run] = useAct();
  const leave = () => {
    setDay(null);
    setReason('');
    onLeave();
  };
  const send = async () => {
    const before = momentOf(day?.startOf('day'), 'UTC');
    if (!before) return;
    const done = await run(async () => proposed((await client.POST('/api/retention/destruction', { body: { before, reason } })).data?.id));
    if (done) leave();
  };
  return (
    <ByName open={open} name={day?.format('YYYY-MM-DD') ?? 'YYYY-MM-DD'} title={t.destroyTitle} does={t.propose} onDo={send} onLeave={leave}>
      <p>{t.destroys}</p>
      <Form layout="vertical">
        <Form.Item label={t.before} htmlFor="destroy-before">
          <DatePicker id="destroy-before" value={day} onChange={(d) => setDay(Array.isArray(d) ? (d[0] ?? null) : d)} />
        </Form.Item>
        <Form.Item label={t.reason} htmlFor="destroy-reason" extra={t.reasonHint}>
          <Input.TextArea id="destroy-reason" rows={2} maxLength={500} value={reason} onChange={(e) => setReason(e.target.value)} />
        </Form.Item>
      </Form>
    </ByName>
  );
}
