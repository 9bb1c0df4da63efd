// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { ReloadOutlined } from '@ant-design/icons';
import { Alert, Button, type TableProps } from 'antd';
import { Link } from 'react-router';
import { api, type Schemas } from '../../../api/client';
import { texts } from '../../../language/texts';
import { List } from '../../../parts/List';
import { Mark } from '../../../parts/Mark';
import { useReasons } from '../reasons';
import { useDraft } from './work';

const useText = texts(
  {
    lead: 'Questions to the draft with the answer that their author expects. A draft whose cases fail cannot be published.',
    again: 'Ask again',
    all: (n: number) => `All ${n} cases get the answer that is expected.`,
    failed: (n: number, all: number) => `${n} of ${all} cases get another answer than is expected.`,
    label: 'Cases',
    ok: 'Result',
    good: 'as expected',
    bad: 'otherwise',
    name: 'Case',
    expect: 'Expected',
    got: 'Got',
    reasons: 'What decided',
    where: 'Where',
    empty: 'The draft has no cases. A case is a few lines in a file under “cases:”; a new flow made by the form brings one along.',
  },
  {
    lead: '对草稿提出的问题及其预期结果。用例不通过的草稿不能发布。',
    again: '重新运行',
    all: (n: number) => `全部 ${n} 个用例符合预期。`,
    failed: (n: number, all: number) => `${all} 个用例中有 ${n} 个不符合预期。`,
    label: '用例',
    ok: '结果',
    good: '符合预期',
    bad: '不符',
    name: '用例',
    expect: '预期',
    got: '实际',
    reasons: '判定依据',
    where: '位置',
    empty: '草稿没有用例。用例写在文件的“cases:”之下；用表单新建的数据流会自带一个。',
  },
);

type Tried = Schemas['DraftTried'];

// CasesTab asks the draft its cases; those that fail come first.
export function CasesTab() {
  const t = useText();
  const reason = useReasons();
  const { id } = useDraft();
  const answer = api.useQuery('get', '/api/drafts/{id}/cases', { params: { path: { id } } }, { staleTime: 0 });
  const items = [...(answer.data?.items ?? [])].sort((a, b) => Number(a.ok) - Number(b.ok));
  const failed = answer.data?.failed ?? 0;
  const columns: TableProps<Tried>['columns'] = [
    { title: t.ok, dataIndex: 'ok', width: 110, render: (ok: boolean) => <Mark tone={ok ? 'good' : 'bad'}>{ok ? t.good : t.bad}</Mark> },
    { title: t.name, dataIndex: 'name', width: 240, render: (n: string) => <span className="wrap-anywhere">{n}</span> },
    { title: t.expect, dataIndex: 'expect', width: 170, render: (c: string) => reason(c) },
    { title: t.got, dataIndex: 'got', width: 170, render: (c: string) => reason(c) },
    { title: t.reasons, dataIndex: 'reasons', render: (r: string[] | null) => (r ?? []).map((one, i) => <div key={i} className="hint wrap-anywhere">{one}</div>) },
    { title: t.where, dataIndex: 'where', width: 160, render: (w: string) => <Link className="mono wrap-anywhere" to={`?tab=files&file=${encodeURIComponent(w.replace(/:\d+$/, ''))}`}>{w}</Link> },
  ];
  return (
    <div className="stack">
      <p className="hint">{t.lead}</p>
      {answer.data && items.length > 0 && <Alert role="status" type={failed > 0 ? 'error' : 'success'} showIcon title={failed > 0 ? t.failed(failed, items.length) : t.all(items.length)} />}
      <div>
        <Button icon={<ReloadOutlined />} loading={answer.isFetching} onClick={() => void answer.refetch()}>
          {t.again}
        </Button>
      </div>
      <List items={items} pending={answer.isPending} error={answer.error} again={() => void answer.refetch()} label={t.label} empty={t.empty} rowKey="where" columns={columns} scroll={{ x: 1050 }} />
    </div>
  );
}
