// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQuery } from '@tanstack/react-query';
import { Select, Space } from 'antd';
import { useState } from 'react';
import { client } from '../../api/client';
import { Act } from '../../parts/Act';
import { ProblemView } from '../../parts/ProblemView';
import { useAct } from '../../parts/useAct';
import { useMay } from '../../session/session';
import { useText } from './text';

const hours = Array.from({ length: 24 }, (_, hour) => ({ value: hour, label: `${String(hour).padStart(2, '0')}:00` }));

// Schedule is the hour of the daily comparison. A change is meant for what was read.
export function Schedule() {
  const t = useText();
  const may = useMay();
  const [busy, act] = useAct();
  const [chosen, setChosen] = useState<number | null>(null);
  const answer = useQuery({
    queryKey: ['get', '/api/configuration-schedule', {}],
    queryFn: async () => {
      const { data, response } = await client.GET('/api/configuration-schedule');
      return { hour: data?.hour ?? 0, etag: response.headers.get('ETag') ?? '' };
    },
  });
  const hour = chosen ?? answer.data?.hour;
  const set = async () => {
    const done = await act(async () => {
      await client.PUT('/api/configuration-schedule', { params: { header: { 'If-Match': answer.data?.etag ?? '' } }, body: { hour: hour ?? 0 } });
    }, t.schedule.saved);
    await answer.refetch(); // after a refusal because of another's change, too: what was chosen stays
    if (done) setChosen(null);
  };
  return (
    <section className="stack" aria-labelledby="schedule-title">
      <div className="section-head">
        <h2 id="schedule-title">{t.schedule.title}</h2>
      </div>
      <div>{t.schedule.lead}</div>
      {answer.error && <ProblemView error={answer.error} retry={() => void answer.refetch()} />}
      {answer.data &&
        (may('set-configuration-schedule') ? (
          <Space wrap>
            <label htmlFor="schedule-hour">{t.schedule.hour}</label>
            <Select id="schedule-hour" value={hour} onChange={setChosen} options={hours} style={{ width: 100 }} />
            <Act call="set-configuration-schedule" disabled={chosen === null || chosen === answer.data.hour} loading={busy} onClick={() => void set()}>
              {t.schedule.save}
            </Act>
          </Space>
        ) : (
          <div>{t.schedule.at(hours[answer.data.hour]?.label ?? String(answer.data.hour))}</div>
        ))}
    </section>
  );
}
