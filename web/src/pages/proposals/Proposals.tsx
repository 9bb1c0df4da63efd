// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, Select, Segmented, type TableProps, Tag } from 'antd';
import { Link } from 'react-router';
import { client, type Schemas } from '../../api/client';
import { List } from '../../parts/List';
import { Page } from '../../parts/Page';
import { Time } from '../../parts/Time';
import { useAddress } from '../../parts/useAddress';
import { usePages } from '../../parts/usePages';
import { usePerson } from '../../session/session';
import { useNames } from '../../shell/names';
import './difference.css';
import { StateMark } from './StateMark';
import { type Kind, useText } from './text';
import { useTitle } from './title';

type Proposal = Schemas['Proposal'];
type State = Proposal['state'];
type VotingDuty = 'system' | 'security';

// useProposals lists what the filters in the address name. "Waits for me" is what is
// open, of the person's duty, and proposed by another.
function useProposals() {
  const address = useAddress();
  const { account, duty } = usePerson();
  const scope = address.one('scope') ?? 'under-way';
  const mine = scope === 'mine';
  const query = {
    limit: 50,
    state: (mine ? 'open' : address.one('state')) as State | undefined,
    kind: address.one('kind'),
    duty: (mine ? duty : address.one('duty')) as VotingDuty | undefined,
    'under-way': scope === 'under-way' ? true : undefined,
  };
  const pages = usePages<Proposal>('/api/proposals', query, async (after) => (await client.GET('/api/proposals', { params: { query: { ...query, after } } })).data);
  return { ...pages, mine, scope, address, items: mine ? pages.items.filter((p) => p.proposer !== account.id) : pages.items };
}

export default function Proposals() {
  const t = useText();
  const names = useNames();
  const found = useProposals();
  return (
    <Page title={names.pages.proposals} lead={t.lead}>
      <Filters found={found} />
      <List<Proposal>
        label={t.list}
        items={found.items}
        pending={found.isPending}
        error={found.error}
        again={found.again}
        more={found.more}
        rowKey="id"
        columns={useColumns()}
        empty={found.mine ? t.emptyMine : t.empty}
      />
    </Page>
  );
}

function Filters({ found }: { found: ReturnType<typeof useProposals> }) {
  const t = useText();
  const names = useNames();
  const { may } = usePerson();
  const { address, scope, mine } = found;
  const scopes = [
    { value: 'under-way', label: t.filter.underWay },
    ...(may('approve-proposal') ? [{ value: 'mine', label: t.filter.mine }] : []),
    { value: 'all', label: t.filter.all },
  ];
  const select = (name: 'state' | 'kind' | 'duty', words: Record<string, string>, width: number) => (
    <Select
      aria-label={t.filter[name]}
      placeholder={t.filter[name]}
      allowClear
      style={{ width }}
      value={address.one(name)}
      onChange={(v?: string) => address.set({ [name]: v })}
      options={Object.entries(words).map(([value, label]) => ({ value, label }))}
    />
  );
  return (
    <div className="filters">
      <Segmented aria-label={t.filter.scope} options={scopes} value={scope} onChange={(v) => address.set({ scope: v === 'under-way' ? undefined : v })} />
      {select('kind', t.kinds, 220)}
      {!mine && select('state', t.states, 190)}
      {!mine && select('duty', { system: names.duties.system, security: names.duties.security }, 170)}
      {address.text !== '' && (
        <Button type="link" onClick={() => address.set({ scope: null, state: null, kind: null, duty: null })}>
          {t.filter.clear}
        </Button>
      )}
    </div>
  );
}

function useColumns(): TableProps<Proposal>['columns'] {
  const t = useText();
  const names = useNames();
  const title = useTitle();
  const { account, duty } = usePerson();
  const forYou = (p: Proposal) => p.state === 'open' && p.duty === duty && p.proposer !== account.id;
  return [
    {
      title: t.columns.what,
      key: 'what',
      render: (_, p) => (
        <>
          <Link className="wrap-anywhere" to={`/proposals/${p.id}`}>
            {title(p)}
          </Link>{' '}
          {forYou(p) && <Tag color="warning">{t.forYou}</Tag>}
          {p.proposer === account.id && <Tag>{t.yours}</Tag>}
          <div className="proposal-beside" title={p.kind}>
            {t.kinds[p.kind as Kind] ?? p.kind}
          </div>
        </>
      ),
    },
    { title: t.columns.state, key: 'state', render: (_, p) => <StateMark state={p.state} /> },
    {
      title: t.columns.by,
      key: 'by',
      render: (_, p) => (
        <>
          {p.proposerName}
          <div className="proposal-beside">{names.duties[p.duty as VotingDuty] ?? p.duty}</div>
        </>
      ),
    },
    { title: t.columns.created, key: 'created', render: (_, p) => <Time at={p.created} /> },
    { title: t.columns.until, key: 'until', render: (_, p) => (p.state === 'open' ? <Time at={p.expires} /> : p.state === 'approved' && p.due ? <Time at={p.due} /> : '–') },
  ];
}
