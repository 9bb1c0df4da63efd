// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Checkbox, Select, type TableProps } from 'antd';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { List } from '../../parts/List';
import { Page } from '../../parts/Page';
import { Time } from '../../parts/Time';
import { useAddress } from '../../parts/useAddress';
import { useNames } from '../../shell/names';
import { CheckAll } from './CheckAll';
import './components.css';
import { Lacks } from './Lacks';
import { endOf } from './lacks';
import { ComponentState, ConfigurationState, Role } from './marks';
import { Requests } from './Requests';
import { Schedule } from './Schedule';
import { useText } from './text';

type Component = Schemas['InventoryComponent'];

export default function Components() {
  const t = useText();
  const names = useNames();
  const address = useAddress();
  const answer = api.useQuery('get', '/api/components', {});
  const role = address.one('role');
  const state = address.one('state');
  const lacking = address.one('lacking') !== undefined;
  const items = useMemo(
    () => answer.data?.items?.filter((c) => (!role || c.role === role) && (!state || c.state === state) && (!lacking || (c.lacks ?? []).length > 0)),
    [answer.data, role, state, lacking],
  );
  return (
    <Page title={names.pages.components} lead={t.lead} actions={<CheckAll />}>
      <div className="stack">
        <Requests />
        <div className="filters components-filters">
          <Choice name="role" words={t.roles} label={t.filter.role} />
          <Choice name="state" words={t.states} label={t.filter.state} />
          <Checkbox checked={lacking} onChange={(e) => address.set({ lacking: e.target.checked ? 'yes' : null })}>
            {t.filter.lacking}
          </Checkbox>
        </div>
        <List<Component>
          label={t.list}
          items={items}
          pending={answer.isPending}
          error={answer.error}
          again={() => void answer.refetch()}
          rowKey="id"
          columns={useColumns()}
          empty={t.empty}
        />
        <Schedule />
      </div>
    </Page>
  );
}

function Choice({ name, words, label }: { name: string; words: Record<string, string>; label: string }) {
  const address = useAddress();
  return (
    <Select
      aria-label={label}
      placeholder={label}
      allowClear
      style={{ width: 190 }}
      value={address.one(name)}
      onChange={(v?: string) => address.set({ [name]: v })}
      options={Object.entries(words).map(([value, said]) => ({ value, label: said }))}
    />
  );
}

function useColumns(): TableProps<Component>['columns'] {
  const t = useText();
  return [
    {
      title: t.columns.name,
      key: 'name',
      fixed: 'left',
      render: (_, c) => (
        <>
          <Link className="nowrap" to={`/components/${c.id}`}>
            {c.id}
          </Link>
          <div className="beside">
            <Role role={c.role} />
            {c.zone && ` · ${c.zone}`}
          </div>
        </>
      ),
    },
    {
      title: t.columns.state,
      key: 'state',
      render: (_, c) => (
        <div className="marks">
          <ComponentState state={c.state} />
          <ConfigurationState state={c.configuration.state} />
        </div>
      ),
    },
    { title: t.columns.lacks, key: 'lacks', render: (_, c) => <Lacks of={c} none={t.nothingLacks} /> },
    {
      title: t.columns.policy,
      key: 'policy',
      render: (_, c) => (
        <>
          {c.policy || '–'}
          <div className="beside nowrap">{c.version}</div>
        </>
      ),
    },
    {
      title: t.columns.times,
      key: 'times',
      render: (_, c) => (
        <>
          <Time at={c.seen} />
          <FirstEnd of={c} />
        </>
      ),
    },
  ];
}

function FirstEnd({ of: c }: { of: Component }) {
  const t = useText();
  const first = c.ends?.[0];
  if (!first) return null;
  return (
    <div className="beside ends-what">
      {t.endsFirst(endOf(first.of, t.lacks))} <Time at={first.at} />
    </div>
  );
}
