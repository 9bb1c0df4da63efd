// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, Checkbox, Select, type TableColumnsType, Tag } from 'antd';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { List } from '../../parts/List';
import { Page } from '../../parts/Page';
import { Time } from '../../parts/Time';
import { useAddress } from '../../parts/useAddress';
import { usePages } from '../../parts/usePages';
import { useMay } from '../../session/session';
import { useNames } from '../../shell/names';
import { entriesOf, filterOf } from './address';
import './findings.css';
import { Overdue, SeverityMark, StateMark } from './marks';
import { MoveChosen } from './MoveChosen';
import { OpenFinding } from './OpenFinding';
import { useText } from './text';

type Finding = Schemas['Finding'];

export default function Findings() {
  const t = useText();
  const names = useNames();
  const may = useMay();
  const go = useNavigate();
  const address = useAddress();
  const entries = entriesOf(address.all('log'), address.all('index'));
  const [opening, setOpening] = useState(entries.length > 0 && may('open-finding'));
  const [chosen, setChosen] = useState<Finding[]>([]);
  const query = filterOf(address.one, entries);
  const list = usePages('/api/findings', query, async (after) => (await client.GET('/api/findings', { params: { query: { ...query, after } } })).data);
  const columns = useColumns();
  return (
    <Page
      title={names.pages.findings}
      lead={t.lead}
      actions={
        <Act call="open-finding" type="primary" onClick={() => setOpening(true)}>
          {t.open}
        </Act>
      }
    >
      <Filters />
      {list.items.length > 1 && may('move-finding') && (
        <Button size="small" className="choose-all" onClick={() => setChosen(chosen.length < list.items.length ? list.items : [])}>
          {chosen.length < list.items.length ? t.chooseAll : t.chooseNone}
        </Button>
      )}
      {chosen.length > 0 && <MoveChosen chosen={chosen} onDone={() => setChosen([])} />}
      <List<Finding>
        {...list}
        pending={list.isPending}
        label={t.list}
        rowKey="id"
        columns={columns}
        rowSelection={{
          hideSelectAll: true,
          columnTitle: <span className="unseen">{t.choose}</span>,
          selectedRowKeys: chosen.map((f) => f.id),
          onChange: (_, rows) => setChosen(rows),
          getCheckboxProps: (f) => ({ 'aria-label': f.title }) as object,
        }}
        empty={<Nothing filtered={Object.keys(query).length > 0} clear={() => address.set(cleared)} mayOpen={may('open-finding')} open={() => setOpening(true)} />}
      />
      <OpenFinding open={opening} entries={entries} onLeave={() => setOpening(false)} onOpened={(id) => void go(`/findings/${id}`)} />
    </Page>
  );
}

const cleared = { state: null, owner: null, severity: null, overdue: null, log: null, index: null };

function Nothing({ filtered, clear, mayOpen, open }: { filtered: boolean; clear: () => void; mayOpen: boolean; open: () => void }) {
  const t = useText();
  if (filtered) {
    return (
      <>
        <p>{t.emptyFiltered}</p>
        <Button onClick={clear}>{t.clear}</Button>
      </>
    );
  }
  return (
    <>
      <p>{mayOpen ? t.empty : t.emptyOther}</p>
      {mayOpen && <Button onClick={open}>{t.open}</Button>}
    </>
  );
}

// Filters are kept in the address.
function Filters() {
  const t = useText();
  const names = useNames();
  const { one, all, set } = useAddress();
  const choice = (name: 'state' | 'owner' | 'severity', label: string, options: { value: string; label: string | undefined }[]) => (
    <Select
      aria-label={label}
      className="filter"
      allowClear
      placeholder={`${label}: ${t.every}`}
      value={one(name)}
      onChange={(v?: string) => set({ [name]: v })}
      options={options}
    />
  );
  const entries = entriesOf(all('log'), all('index'));
  return (
    <div className="filters" role="search">
      {choice('state', t.state, Object.entries(t.states).map(([value, label]) => ({ value, label })))}
      {choice('owner', t.owner, (['system', 'security'] as const).map((value) => ({ value, label: names.duties[value] })))}
      {choice('severity', t.severity, ['3', '2', '1'].map((value) => ({ value, label: t.severities[Number(value)] })))}
      <Checkbox checked={one('overdue') === 'true'} onChange={(e) => set({ overdue: e.target.checked ? 'true' : null })} className="filter-check">
        {t.onlyOverdue}
      </Checkbox>
      {entries[0] && (
        <Tag closable variant="outlined" closeIcon={<span aria-label={t.clear}>✕</span>} onClose={() => set({ log: null, index: null })}>
          {t.ofEntry(entries[0].log, String(entries[0].index))}
        </Tag>
      )}
    </div>
  );
}

function useColumns(): TableColumnsType<Finding> {
  const t = useText();
  const names = useNames();
  return [
    { title: t.titleOf, dataIndex: 'title', className: 'wrap-anywhere title-cell', render: (title: string, f) => <Link to={`/findings/${f.id}`}>{title}</Link> },
    { title: t.severity, dataIndex: 'severity', render: (n: number) => <SeverityMark severity={n} /> },
    { title: t.state, dataIndex: 'state', render: (s: string) => <StateMark state={s} /> },
    { title: t.owner, dataIndex: 'owner', render: (d: 'system' | 'security') => names.duties[d] },
    {
      title: t.due,
      dataIndex: 'due',
      render: (due: string, f) => (
        <>
          <Time at={due} /> {f.overdue && <Overdue />}
        </>
      ),
    },
    { title: t.opened, dataIndex: 'opened', render: (at: string) => <Time at={at} /> },
  ];
}
