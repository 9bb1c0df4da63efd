// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Input, type TableProps, Tabs } from 'antd';
import { Link } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { List } from '../../parts/List';
import { Page } from '../../parts/Page';
import { useAddress } from '../../parts/useAddress';
import { useNames } from '../../shell/names';
import './policy.css';

const useText = texts(
  {
    lead: 'What subjects and objects of one zone are in another: who stands in for a subject there, and what an object is called there.',
    subjects: 'Subjects',
    objects: 'Objects',
    id: 'In its own zone',
    filter: 'Find a name',
    none: 'There is none of these in this policy. A subject gets one under “proxies”, an object under “aliases”: at a draft, tab “Forms”.',
    draft: 'These are the names of a draft, which decide nothing yet.',
    force: 'Show those in force',
    dash: 'none',
    own: 'its own zone',
  },
  {
    lead: '一个安全域的主体和客体在另一安全域中的名称：谁代理该主体，客体在那里叫什么。',
    subjects: '主体',
    objects: '客体',
    id: '所在域名称',
    filter: '查找名称',
    none: '此策略中没有。主体的“proxies”或客体的“aliases”给出它：在草稿的“表单”页填写。',
    draft: '这是草稿中的名称，尚不参与判定。',
    force: '查看生效策略',
    dash: '无',
    own: '本域',
  },
);

interface Row {
  id: string;
  zones: Record<string, string>;
}

// rowsOf puts all names of one thing into a row.
function rowsOf(items: Schemas['DraftName'][], kind: 'subject' | 'object', filter: string): Row[] {
  const rows = new Map<string, Row>();
  for (const n of items) {
    if (n.kind !== kind) continue;
    const row = rows.get(n.id) ?? { id: n.id, zones: {} };
    row.zones[n.zone] = n.name;
    rows.set(n.id, row);
  }
  return [...rows.values()].filter((r) => [r.id, ...Object.values(r.zones)].some((v) => v.toLowerCase().includes(filter.toLowerCase())));
}

export default function Mappings() {
  const t = useText();
  const names = useNames();
  const address = useAddress();
  const draft = address.one('draft');
  const kind = address.one('kind') === 'object' ? 'object' : 'subject';
  const answer = api.useQuery('get', '/api/policies/names', { params: { query: draft ? { draft } : {} } });
  const items = answer.data?.items ?? [];
  const zones = [...new Set(items.filter((n) => n.kind === kind).map((n) => n.zone))].sort();
  const columns: TableProps<Row>['columns'] = [
    { title: t.id, dataIndex: 'id', className: 'mono wrap-anywhere' },
    ...zones.map((z) => ({ title: z, key: z, className: 'mono wrap-anywhere', render: (_: unknown, r: Row) => r.zones[z] ?? <span className="hint">{r.id.startsWith(`${z}/`) ? t.own : t.dash}</span> })),
  ];
  const table = (
    <List
      items={rowsOf(items, kind, address.one('find') ?? '')}
      pending={answer.isPending}
      error={answer.error}
      again={() => void answer.refetch()}
      label={kind === 'subject' ? t.subjects : t.objects}
      empty={t.none}
      rowKey="id"
      columns={columns}
    />
  );
  return (
    <Page title={names.pages.names} lead={t.lead}>
      {draft && <Alert type="info" title={t.draft} action={<Link to="/policy/names">{t.force}</Link>} />}
      <div className="filters">
        <Input.Search className="find" aria-label={t.filter} placeholder={t.filter} defaultValue={address.one('find')} allowClear onSearch={(find) => address.set({ find })} />
      </div>
      <Tabs
        activeKey={kind}
        onChange={(k) => address.set({ kind: k })}
        items={[
          { key: 'subject', label: t.subjects, children: kind === 'subject' && table },
          { key: 'object', label: t.objects, children: kind === 'object' && table },
        ]}
      />
    </Page>
  );
}
