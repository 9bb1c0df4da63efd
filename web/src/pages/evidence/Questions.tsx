// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, Card, Form, Input, Skeleton, Table, theme } from 'antd';
import { useNavigate } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { List } from '../../parts/List';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import { useAddress } from '../../parts/useAddress';
import { usePreferences } from '../../session/preferences';
import { useNames } from '../../shell/names';
import { type Found, keyOf, useEntryColumns, usualColumns } from './columns';
import { Section } from './Section';
import { Bars, barsOf } from './search/Histogram';
import { useWords, wordOf } from './search/text';
import { useText } from './text';

type Question = Schemas['EvidenceQuestion'];
type Counts = Schemas['EvidenceCounts'];

// Questions are asked by their names; which one is in the page's address.
export default function Questions() {
  const t = useText();
  const names = useNames();
  const address = useAddress();
  const questions = api.useQuery('get', '/api/questions', {}, { staleTime: Infinity, meta: { still: true } });
  const items = questions.data?.items ?? [];
  const name = address.one('ask');
  const asked = items.find((q) => q.name === name);
  return (
    <Page title={names.pages.questions} lead={t.questionsLead}>
      {questions.error && <ProblemView error={questions.error} retry={() => void questions.refetch()} />}
      <div className="questions">
        <nav aria-label={t.question}>
          {items.map((q) => (
            <Button key={q.name} type={q.name === name ? 'primary' : 'text'} block aria-current={q.name === name} onClick={() => address.set({ ask: q.name, of: null })}>
              {t.titles[q.name] ?? q.title}
            </Button>
          ))}
        </nav>
        <div className="answer">{asked && <Asked key={asked.name} question={asked} of={address.one('of')} ask={(of) => address.set({ of })} />}</div>
      </div>
    </Page>
  );
}

function Asked({ question, of, ask }: { question: Question; of: string | undefined; ask: (of: string) => void }) {
  const t = useText();
  const wants = question.of ?? '';
  return (
    <Card size="small" title={<h2 className="answer-title">{t.titles[question.name] ?? question.title}</h2>}>
      {wants !== '' && (
        <Form<{ of: string }> name="ask" layout="inline" initialValues={{ of }} onFinish={(f) => ask(f.of.trim())}>
          <Form.Item name="of" label={t.of[wants] ?? wants} rules={[{ required: true, message: t.wants }]}>
            <Input maxLength={256} autoComplete="off" />
          </Form.Item>
          <Button type="primary" htmlType="submit">
            {t.ask}
          </Button>
        </Form>
      )}
      {(wants === '' || of) && <Answer name={question.name} {...(of ? { of } : {})} />}
      <p className="by-command">
        <code>{`dukou audit ask ${question.name}${wants ? ` --of ${of ?? wants.toUpperCase()}` : ''}`}</code>
      </p>
    </Card>
  );
}

// Answer stands still: asking is recorded, so it is not done again by itself.
function Answer({ name, of }: { name: string; of?: string }) {
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
      <List<Found> label={name} items={page?.items} pending={false} empty={t.noAnswer} rowKey={keyOf} columns={columns} />
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
