// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, Select, type TableProps } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { List } from '../../parts/List';
import { Page } from '../../parts/Page';
import { Time } from '../../parts/Time';
import { useAddress } from '../../parts/useAddress';
import { usePages } from '../../parts/usePages';
import { useNames } from '../../shell/names';
import './accounts.css';
import { CodeTold } from './CodeTold';
import { CreateAccount } from './CreateAccount';
import { AccountState, DutyName } from './marks';
import { Recoveries } from './Recoveries';
import { useText } from './text';

type One = Schemas['Account'];
type Filter = { duty?: NonNullable<One['duty']>; state?: One['state'] };

// Accounts are who administers this installation.
export default function Accounts() {
  const t = useText();
  const names = useNames();
  const address = useAddress();
  const [creating, setCreating] = useState(false);
  const [invited, setInvited] = useState<Schemas['Invited'] | null>(null);
  const filter = { duty: address.one('duty'), state: address.one('state') } as Filter;
  const pages = usePages('/api/accounts', filter, async (after) => (await client.GET('/api/accounts', { params: { query: { ...filter, after, limit: 100 } } })).data);
  const create = (
    <Act call="create-account" type="primary" onClick={() => setCreating(true)}>
      {t.list.create}
    </Act>
  );
  return (
    <Page title={names.pages.accounts} lead={t.list.lead} actions={create}>
      <Filters />
      <List<One>
        label={t.list.label}
        rowKey="id"
        columns={useColumns()}
        items={pages.items}
        pending={pages.isPending}
        error={pages.error}
        again={pages.again}
        more={pages.more}
        empty={
          <>
            {t.list.empty}{' '}
            <Button type="link" onClick={() => address.set({ duty: null, state: null })}>
              {t.list.clear}
            </Button>
          </>
        }
      />
      <Recoveries />
      <CreateAccount open={creating} onLeave={() => setCreating(false)} onMade={(i) => (setCreating(false), setInvited(i))} />
      <CodeTold invited={invited} onClose={() => setInvited(null)} />
    </Page>
  );
}

function Filters() {
  const t = useText();
  const { duties } = useNames();
  const address = useAddress();
  const choose = (name: 'duty' | 'state', label: string, any: string, words: Record<string, string>) => (
    <Select
      aria-label={label}
      className="filter"
      value={address.one(name) ?? ''}
      onChange={(value: string) => address.set({ [name]: value })}
      options={[{ value: '', label: any }, ...Object.entries(words).map(([value, word]) => ({ value, label: word }))]}
    />
  );
  return (
    <div className="filters">
      {choose('duty', t.list.duty, t.list.anyDuty, duties)}
      {choose('state', t.list.state, t.list.anyState, t.states)}
    </div>
  );
}

function useColumns(): TableProps<One>['columns'] {
  const t = useText();
  return [
    { title: t.list.name, key: 'name', render: (_, a) => <Link to={`/accounts/${a.id}`}>{a.name}</Link> },
    { title: t.list.person, key: 'person', render: (_, a) => <span className="wrap-anywhere">{a.person}</span> },
    { title: t.list.duty, key: 'duty', render: (_, a) => <DutyName duty={a.duty} /> },
    { title: t.list.state, key: 'state', render: (_, a) => <AccountState account={a} /> },
    { title: t.list.since, key: 'since', render: (_, a) => <Time at={a.redeemed} /> },
    { title: t.list.password, key: 'password', render: (_, a) => (a.passwordUntil && a.state !== 'disabled' ? <Time at={a.passwordUntil} /> : '–') },
  ];
}
