// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Skeleton, Table, theme } from 'antd';
import { useNavigate } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { List } from '../../parts/List';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import { usePreferences } from '../../session/preferences';
import { type Found, fitted, keyOf, useEntryColumns, usualColumns } from './columns';
import { Section } from '../../parts/Section';
import { Bars, barsOf } from './search/Histogram';
import { useWords, wordOf } from './search/text';
import './evidence.css';
import { useText } from './text';

type Counts = Schemas['EvidenceCounts'];

// Answer stands still: asking is recorded, so it is not done again by itself.
export function Answer({ name, of }: { name: string; of?: string }) {
  const t = useText();
  const { zone } = usePreferences();
  const columns = useEntryColumns(usualColumns);
  const answer = api.useQuery('get', '/api/questions/{name}', { params: { path: { name }, query: { of, zone } } }, { meta: { still: true }, staleTime: 0, gcTime: 0 });
  if (answer.error) return <ProblemView error={answer.error} retry={() => void answer.refetch()} />;
  if (!answer.data) return <Skeleton active />;
  const { page, counts } = answer.data;
  if (counts) return <CountsOf counts={counts} name={name} />;
  return (
    <>
      <List<Found> label={name} items={page?.items} pending={false} empty={t.noAnswer} rowKey={keyOf} columns={columns} {...fitted(columns)} />
      {page?.next && <p>{t.answerMore}</p>}
    </>
  );
}

// What a question counts by, as far as its values have words.
const countsBy: Record<string, string> = { 'refusals-by-reason': 'reason', 'traffic-by-hour': 'verdict' };

interface Row {
  key: string;
  start: string;
  value: string;
  n: number;
}

function CountsOf({ counts, name }: { counts: Counts; name: string }) {
  const t = useText();
  const words = useWords();
  const { token } = theme.useToken();
  const go = useNavigate();
  const rows: Row[] = (counts.counts ?? []).map((c) => ({ key: `${c.start}/${c.value}`, start: c.start, value: c.value ?? '', n: c.n }));
  const most = Math.max(1, ...rows.map((r) => r.n));
  const valueOf = (v: string) => (v === '…others' ? t.others : v === '' ? t.noValue : wordOf(words, countsBy[name] ?? '', v));
  const byTime = (counts.bucket_seconds ?? 0) > 0;
  return (
    <Section title={`${t.total}: ${rows.reduce((n, r) => n + r.n, 0).toLocaleString()}`}>
      <p>
        <Time at={counts.from} /> – <Time at={counts.to} />
      </p>
      {byTime && <Bars bars={barsOf(counts)} choose={(b) => void go(`/evidence?from=${new Date(b.start).toISOString()}&to=${new Date(b.end).toISOString()}`)} />}
      <Table<Row>
        size="small"
        pagination={rows.length > 100 ? { pageSize: 100, showSizeChanger: false } : false}
        aria-label={name}
        dataSource={rows}
        locale={{ emptyText: t.noAnswer }}
        columns={[
          ...(byTime ? [{ title: t.time, key: 'start', render: (_: unknown, r: Row) => <Time at={r.start} /> }] : []),
          { title: t.value, key: 'value', render: (_, r) => <span title={r.value}>{valueOf(r.value)}</span> },
          {
            title: t.number,
            key: 'n',
            width: '45%',
            render: (_, r) => (
              <div className="count">
                <span className="count-n">{r.n.toLocaleString()}</span>
                <span className="count-bar" aria-hidden="true" style={{ width: `${(r.n / most) * 70}%`, background: token.colorPrimary }} />
              </div>
            ),
          },
        ]}
      />
    </Section>
  );
}
