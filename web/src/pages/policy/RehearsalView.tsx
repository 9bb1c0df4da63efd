// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { Alert, Empty, Progress, Statistic, type TableProps } from 'antd';
import { client, type Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { Act } from '../../parts/Act';
import { Facts } from '../../parts/Facts';
import { Id } from '../../parts/Id';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { useReasons } from './reasons';
import { RehearsalState } from './states';

const useText = texts(
  {
    state: 'State',
    window: 'Decisions from',
    until: 'to',
    by: 'Started by',
    at: 'Started',
    ended: 'Ended',
    revision: 'Revision of the draft',
    left: (s: number) => (s >= 60 ? `about ${Math.ceil(s / 60)} minutes left` : `about ${Math.ceil(s)} seconds left`),
    seen: (seen: number, total: number) => `${seen} of ${total} records looked at`,
    progress: 'How far it is',
    cancel: 'End it',
    cancelled: 'The rehearsal ends.',
    decided: 'decided anew',
    same: 'as they were',
    changed: 'would be others',
    not: 'could not be decided anew',
    reasons: (secret: number, sealed: number, incomplete: number, undecided: number) =>
      `${secret} hold a value that was kept out of the record, ${sealed} are sealed under a key that is not to be had, of ${incomplete} only a digest was recorded, ${undecided} had a label at fault.`,
    keys: 'Keys that were not to be had',
    table: 'Decisions that would be others',
    flow: 'Flow',
    subject: 'Subject',
    object: 'Object',
    was: 'Then',
    is: 'By the draft',
    count: 'Parcels',
    example: 'One of them',
    nothing: 'No decision would be another one. What is new in the draft has no records yet, so a rehearsal says nothing of it: its cases do.',
    more: (n: number) => `${n} further changed decisions are in none of these rows.`,
    noRecords: 'There were no decisions in this time.',
  },
  {
    state: '状态',
    window: '判定时段自',
    until: '至',
    by: '发起人',
    at: '开始时间',
    ended: '结束时间',
    revision: '草稿修订',
    left: (s: number) => (s >= 60 ? `约剩 ${Math.ceil(s / 60)} 分钟` : `约剩 ${Math.ceil(s)} 秒`),
    seen: (seen: number, total: number) => `已查看 ${seen} / ${total} 条记录`,
    progress: '进度',
    cancel: '结束预演',
    cancelled: '预演正在结束。',
    decided: '重新判定',
    same: '结果不变',
    changed: '结果改变',
    not: '无法重新判定',
    reasons: (secret: number, sealed: number, incomplete: number, undecided: number) =>
      `${secret} 条含有未记录的保密值，${sealed} 条的密钥不可用，${incomplete} 条只记录了摘要，${undecided} 条当时标记有误。`,
    keys: '不可用的密钥',
    table: '结果会改变的判定',
    flow: '数据流',
    subject: '主体',
    object: '客体',
    was: '当时',
    is: '按草稿',
    count: '包数',
    example: '示例',
    nothing: '没有判定会改变。草稿中新增的内容尚无历史记录，预演不能说明，请看用例。',
    more: (n: number) => `另有 ${n} 条改变的判定未在表中列出。`,
    noRecords: '该时段内没有判定。',
  },
);

type Of = Schemas['Rehearsal'];

// RehearsalView shows how far a rehearsal is, or what it found.
export function RehearsalView({ of: r }: { of: Of }) {
  const t = useText();
  const queries = useQueryClient();
  const [busy, act] = useAct();
  const cancel = () => act(() => client.POST('/api/rehearsals/{id}/cancel', { params: { path: { id: r.id } } }).then(() => queries.invalidateQueries({ queryKey: ['get', '/api/rehearsals'] })), t.cancelled);
  return (
    <div className="stack">
      <Facts
        of={[
          [t.state, <RehearsalState key="s" state={r.state} />],
          [t.by, r.authorName],
          [t.window, <Time key="f" at={r.since} />],
          [t.until, <Time key="u" at={r.until} />],
          [t.at, <Time key="a" at={r.created} />],
          [t.ended, r.ended && <Time at={r.ended} />],
          [t.revision, r.draftRevision],
        ]}
      />
      {r.error && <Alert type="error" showIcon title={r.error} />}
      {r.state === 'running' && (
        <div>
          <Progress percent={Math.floor(r.progress.percent)} aria-label={t.progress} />
          <p className="hint" role="status">
            {t.seen(r.progress.seen, r.progress.total)}
            {r.secondsLeft ? ` · ${t.left(r.secondsLeft)}` : ''}
          </p>
          <Act call="cancel-rehearsal" loading={busy} onClick={() => void cancel()}>
            {t.cancel}
          </Act>
        </div>
      )}
      {r.result && <Found of={r.result} />}
    </div>
  );
}

function Found({ of: f }: { of: Schemas['RehearsalResult'] }) {
  const t = useText();
  const not = f.secret + f.sealed + f.incomplete + f.undecided;
  return (
    <>
      <div className="grid-cards">
        <Statistic title={t.decided} value={f.decided} />
        <Statistic title={t.same} value={f.same} />
        <Statistic title={t.changed} value={f.changed} />
        <Statistic title={t.not} value={not} />
      </div>
      {not > 0 && <p className="hint">{t.reasons(f.secret, f.sealed, f.incomplete, f.undecided)}</p>}
      {(f.keys ?? []).length > 0 && <Alert type="warning" title={t.keys} description={<pre className="pre">{f.keys!.join('\n')}</pre>} />}
      {f.decided === 0 && not === 0 ? <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t.noRecords} /> : <ChangedList of={f} />}
    </>
  );
}

function ChangedList({ of: f }: { of: Schemas['RehearsalResult'] }) {
  const t = useText();
  const reason = useReasons();
  const verdict = (code: string) => <Mark tone={code === '' ? 'good' : 'bad'}>{reason(code)}</Mark>;
  const columns: TableProps<Schemas['RehearsalChanged']>['columns'] = [
    { title: t.flow, dataIndex: 'flow' },
    { title: t.subject, dataIndex: 'subject', className: 'wrap-anywhere' },
    { title: t.object, dataIndex: 'object', className: 'wrap-anywhere' },
    { title: t.was, dataIndex: 'was', render: verdict },
    { title: t.is, dataIndex: 'is', render: verdict },
    { title: t.count, dataIndex: 'count' },
    { title: t.example, dataIndex: 'example', render: (id: string) => <Id value={id} to={`/crossings/${id}`} /> },
  ];
  if ((f.changes ?? []).length === 0) return <Alert type="success" showIcon title={t.nothing} />;
  return (
    <section>
      <h2>{t.table}</h2>
      <List
        items={f.changes}
        pending={false}
        label={t.table}
        empty={t.nothing}
        rowKey={(c) => `${c.flow} ${c.subject} ${c.object} ${c.was} ${c.is}`}
        columns={columns}
      />
      {f.more > 0 && <p className="hint">{t.more(f.more)}</p>}
    </section>
  );
}
