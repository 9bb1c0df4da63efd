// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { DatePicker, Radio, type TableProps } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { Link } from 'react-router';
import { api, client, type Schemas } from '../../../api/client';
import { texts } from '../../../language/texts';
import { Act } from '../../../parts/Act';
import { List } from '../../../parts/List';
import { Time } from '../../../parts/Time';
import { useAct } from '../../../parts/useAct';
import { usePages } from '../../../parts/usePages';
import { useMay } from '../../../session/session';
import { RehearsalView } from '../RehearsalView';
import { RehearsalState } from '../states';
import { useDraft } from './work';

const useText = texts(
  {
    lead: 'Decides by the draft what was decided before, and lists what would have been decided otherwise. Nothing crosses by it. One rehearsal runs at a time.',
    window: 'Decisions of',
    last: { '1': 'the last hour', '24': 'the last day', '168': 'the last week', own: 'a time of your own' } as Record<string, string>,
    own: 'From and to, in the time of this computer',
    start: 'Start the rehearsal',
    started: 'The rehearsal runs.',
    before: 'Earlier rehearsals of this draft',
    empty: 'None yet.',
    state: 'State',
    revision: 'Revision',
    from: 'Decisions from',
    until: 'to',
    changed: 'Would be others',
    when: 'Started',
    show: 'Show',
    latest: 'The latest one',
  },
  {
    lead: '用草稿重新判定历史记录，列出结果会改变的判定。不产生实际交换。同一时间只能进行一次预演。',
    window: '判定时段',
    last: { '1': '最近一小时', '24': '最近一天', '168': '最近一周', own: '自定义' },
    own: '起止时间（本机时间）',
    start: '开始预演',
    started: '预演已开始。',
    before: '此草稿的历次预演',
    empty: '尚无预演。',
    state: '状态',
    revision: '修订',
    from: '判定时段自',
    until: '至',
    changed: '结果改变',
    when: '开始时间',
    show: '查看',
    latest: '最近一次',
  },
);

type Of = Schemas['Rehearsal'];

// RehearsalTab starts rehearsals of the draft and shows what they found.
export function RehearsalTab() {
  const t = useText();
  const { id } = useDraft();
  const pages = usePages<Of>('/api/rehearsals', {}, async (after) => (await client.GET('/api/rehearsals', { params: { query: { limit: 100, ...(after ? { after } : {}) } } })).data);
  const mine = pages.items.filter((r) => r.draft === id);
  const latest = mine[0];
  const whole = api.useQuery('get', '/api/rehearsals/{id}', { params: { path: { id: latest?.id ?? '' } } }, { enabled: latest !== undefined, refetchInterval: (q) => (q.state.data?.state === 'running' ? 2000 : false) });
  const columns: TableProps<Of>['columns'] = [
    { title: t.when, dataIndex: 'created', render: (at: string, r) => <Link to={`/policy/rehearsals/${r.id}`}>{<Time at={at} />}</Link> },
    { title: t.state, dataIndex: 'state', render: (s: Of['state']) => <RehearsalState state={s} /> },
    { title: t.revision, dataIndex: 'draftRevision' },
    { title: t.from, dataIndex: 'since', render: (at: string) => <Time at={at} /> },
    { title: t.until, dataIndex: 'until', render: (at: string) => <Time at={at} /> },
    { title: t.changed, key: 'changed', render: (_, r) => r.result?.changed ?? '' },
  ];
  return (
    <div className="stack">
      <p className="hint">{t.lead}</p>
      <Start running={mine.some((r) => r.state === 'running')} />
      {whole.data && (
        <section>
          <h2>{t.latest}</h2>
          <RehearsalView of={whole.data} />
        </section>
      )}
      <section className="policy-block">
        <h2>{t.before}</h2>
        <List items={mine} pending={pages.isPending} error={pages.error} again={pages.again} more={pages.more} label={t.before} empty={t.empty} rowKey="id" columns={columns} />
      </section>
    </div>
  );
}

function Start({ running }: { running: boolean }) {
  const t = useText();
  const work = useDraft();
  const queries = useQueryClient();
  const [busy, act] = useAct();
  const may = useMay();
  const [last, setLast] = useState('24');
  const [own, setOwn] = useState<[Dayjs, Dayjs] | null>(null);
  if (!may('start-rehearsal')) return null;
  const start = () => {
    const [since, until] = last === 'own' && own ? own : [dayjs().subtract(Number(last) || 24, 'hour'), dayjs()];
    return act(async () => {
      await client.POST('/api/rehearsals', { body: { draft: work.id, since: since.toISOString(), until: until.toISOString() } });
      await queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/rehearsals') });
    }, t.started);
  };
  return (
    <div className="filters">
      <Radio.Group aria-label={t.window} optionType="button" value={last} onChange={(e) => setLast(e.target.value as string)} options={['1', '24', '168', 'own'].map((value) => ({ value, label: t.last[value] }))} />
      {last === 'own' && (
        <DatePicker.RangePicker aria-label={t.own} id={{ start: 'rehearse-from', end: 'rehearse-to' }} showTime value={own} onChange={(v) => setOwn(v?.[0] && v[1] ? [v[0], v[1]] : null)} />
      )}
      <Act call="start-rehearsal" type="primary" loading={busy} disabled={running || work.changed.length > 0 || (last === 'own' && !own)} onClick={() => void start()}>
        {t.start}
      </Act>
    </div>
  );
}
