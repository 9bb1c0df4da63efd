// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { TableProps } from 'antd';
import { Link } from 'react-router';
import { client, type Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { List } from '../../parts/List';
import { Time } from '../../parts/Time';
import { usePages } from '../../parts/usePages';
import { OutcomeOf } from './OutcomeOf';
import { PublicationState } from './states';

const useText = texts(
  {
    label: 'Publications',
    version: 'Version',
    title: 'Title',
    state: 'State',
    since: 'Since',
    author: 'By',
    result: 'What became of it',
    empty: 'No draft was published yet. A publication begins at a draft: its tab “Publish” makes the bundles that two security administrators sign.',
  },
  {
    label: '发布记录',
    version: '版本',
    title: '标题',
    state: '状态',
    since: '起始时间',
    author: '发起人',
    result: '结果',
    empty: '尚未发布过草稿。发布从草稿开始：在草稿的“发布”页生成策略包，由两位安全管理员签名。',
  },
);

// Publications lists all of them, the latest first.
export function Publications() {
  const t = useText();
  const pages = usePages<Schemas['DraftPublication']>('/api/policies', {}, async (after) => (await client.GET('/api/policies', { params: { query: { limit: 20, ...(after ? { after } : {}) } } })).data);
  const columns: TableProps<Schemas['DraftPublication']>['columns'] = [
    { title: t.version, dataIndex: 'version', width: 90, render: (v: number, p) => <Link to={`/policy/publications/${p.id}`}>{v}</Link> },
    { title: t.title, dataIndex: 'title', render: (title: string) => <div className="long-cell">{title}</div> },
    { title: t.state, dataIndex: 'state', render: (s: Schemas['DraftPublication']['state']) => <PublicationState state={s} /> },
    { title: t.since, dataIndex: 'since', render: (at: string) => <Time at={at} /> },
    { title: t.author, dataIndex: 'authorName' },
    { title: t.result, key: 'result', render: (_, p) => <div className="long-cell"><OutcomeOf of={p} /></div> },
  ];
  return <List items={pages.items} pending={pages.isPending} error={pages.error} again={pages.again} more={pages.more} label={t.label} empty={t.empty} rowKey="id" columns={columns} />;
}
