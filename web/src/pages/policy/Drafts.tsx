// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { PlusOutlined } from '@ant-design/icons';
import type { TableProps } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { client, type Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { Act } from '../../parts/Act';
import { ByName } from '../../parts/ByName';
import { List } from '../../parts/List';
import { Page } from '../../parts/Page';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { usePages } from '../../parts/usePages';
import { useNames } from '../../shell/names';
import { NewDraft } from './NewDraft';
import './policy.css';
import { useForce } from './useForce';

const useText = texts(
  {
    lead: 'Policy that is being worked at. Nothing of it decides anything until two security administrators publish it.',
    create: 'New draft',
    acts: 'What to do',
    label: 'Drafts',
    title: 'Title',
    origin: 'Made of',
    origins: { 'in-force': (v: number) => `version ${v}, in force then`, version: () => 'an earlier version', upload: () => 'files', partner: () => 'a partner’s part' },
    by: 'By',
    partner: (name: string, serial: number) => `${name}, part ${serial}`,
    changed: 'Changed',
    files: 'Files',
    revision: 'Revision',
    delete: 'Delete',
    deleteTitle: 'Delete this draft',
    deleteText: 'Its files are lost, and this cannot be undone. What was published of it stays.',
    deleted: 'The draft is deleted.',
    old: (v: number) => `made of version ${v}; version in force has changed since`,
    empty: 'There is no draft. Make one of what is in force, change it, and publish it. On the command line: dukou policy draft push FOLDER --title TEXT',
  },
  {
    lead: '正在编辑的策略。经两位安全管理员发布之前，不参与任何判定。',
    create: '新建草稿',
    acts: '操作',
    label: '策略草稿',
    title: '标题',
    origin: '来源',
    origins: { 'in-force': (v: number) => `当时生效的版本 ${v}`, version: () => '历史版本', upload: () => '上传的文件', partner: () => '伙伴提交的部分' },
    by: '作者',
    partner: (name: string, serial: number) => `${name}，第 ${serial} 份`,
    changed: '修改时间',
    files: '文件数',
    revision: '修订',
    delete: '删除',
    deleteTitle: '删除此草稿',
    deleteText: '其文件将丢失，且不可恢复。已据此发布的策略不受影响。',
    deleted: '草稿已删除。',
    old: (v: number) => `基于版本 ${v}，此后生效版本已变化`,
    empty: '没有草稿。请据生效策略新建一份，修改后发布。命令行：dukou policy draft push 文件夹 --title 标题',
  },
);

type Draft = Schemas['Draft'];

export default function Drafts() {
  const t = useText();
  const names = useNames();
  const force = useForce().data?.force;
  const [making, setMaking] = useState(false);
  const [gone, setGone] = useState<Draft | null>(null);
  const pages = usePages<Draft>('/api/drafts', {}, async (after) => (await client.GET('/api/drafts', { params: { query: { limit: 50, ...(after ? { after } : {}) } } })).data);
  const columns: TableProps<Draft>['columns'] = [
    { title: t.title, dataIndex: 'title', render: (title: string, d) => <Link className="wrap-anywhere" to={`/policy/drafts/${d.id}`}>{title}</Link> },
    { title: t.origin, dataIndex: 'origin', render: (o: Draft['origin'], d) => <span title={force && d.base !== force.version ? t.old(d.base) : undefined}>{t.origins[o](d.base)}</span> },
    { title: t.by, key: 'by', render: (_, d) => (d.partner ? t.partner(d.partner, d.serial ?? 0) : d.authorName) },
    { title: t.changed, dataIndex: 'changed', render: (at: string) => <Time at={at} /> },
    { title: t.files, dataIndex: 'files' },
    { title: t.revision, dataIndex: 'revision' },
    {
      title: <span className="unseen">{t.acts}</span>,
      key: 'acts',
      render: (_, d) => (
        <Act call="delete-draft" size="small" danger type="text" onClick={() => setGone(d)} aria-label={`${t.delete}: ${d.title}`}>
          {t.delete}
        </Act>
      ),
    },
  ];
  const create = (
    <Act call="create-draft" type="primary" icon={<PlusOutlined />} onClick={() => setMaking(true)}>
      {t.create}
    </Act>
  );
  return (
    <Page title={names.pages.drafts} lead={t.lead} actions={create}>
      <List items={pages.items} pending={pages.isPending} error={pages.error} again={pages.again} more={pages.more} label={t.label} empty={t.empty} rowKey="id" columns={columns} />
      <NewDraft open={making} from={force && !force.source ? 'upload' : 'in-force'} onClose={() => setMaking(false)} />
      <DeleteDraft draft={gone} onClose={() => setGone(null)} />
    </Page>
  );
}

// DeleteDraft has the title typed before a draft is lost.
export function DeleteDraft({ draft, onClose, onDone }: { draft: Draft | null; onClose: () => void; onDone?: () => void }) {
  const t = useText();
  const queries = useQueryClient();
  const [, act] = useAct();
  const remove = async (d: Draft) => {
    const done = await act(() => client.DELETE('/api/drafts/{id}', { params: { path: { id: d.id }, header: { 'If-Match': `"${d.revision}"` } } }), t.deleted);
    void queries.invalidateQueries({ queryKey: ['get', '/api/drafts'] });
    onClose();
    if (done) onDone?.();
  };
  return (
    <ByName open={draft !== null} name={draft?.title ?? ''} title={t.deleteTitle} does={t.delete} onDo={() => (draft ? remove(draft) : undefined)} onLeave={onClose}>
      <p>{t.deleteText}</p>
    </ByName>
  );
}
