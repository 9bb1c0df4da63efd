// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Checkbox, Select, type TableProps } from 'antd';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { api, client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { List } from '../../parts/List';
import { Page } from '../../parts/Page';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { useAddress } from '../../parts/useAddress';
import { useNames } from '../../shell/names';
import { CheckAll } from './CheckAll';
import './components.css';
import { save } from './download';
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
        <div className="filters">
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
    { title: t.columns.name, key: 'name', fixed: 'left', render: (_, c) => <Link to={`/components/${c.id}`}>{c.id}</Link> },
    { title: t.columns.role, key: 'role', render: (_, c) => <Role role={c.role} /> },
    { title: t.columns.zone, key: 'zone', render: (_, c) => c.zone ?? '–' },
    { title: t.columns.state, key: 'state', render: (_, c) => <ComponentState state={c.state} /> },
    { title: t.columns.lacks, key: 'lacks', render: (_, c) => <Lacks of={c} none={t.nothingLacks} /> },
    { title: t.columns.configuration, key: 'configuration', render: (_, c) => <ConfigurationState state={c.configuration.state} /> },
    { title: t.columns.policy, key: 'policy', render: (_, c) => c.policy || '–' },
    { title: t.columns.version, key: 'version', render: (_, c) => c.version ?? '–' },
    { title: t.columns.seen, key: 'seen', render: (_, c) => <Time at={c.seen} /> },
    { title: t.columns.ends, key: 'ends', render: (_, c) => <FirstEnd of={c} /> },
    { title: t.columns.acts, key: 'acts', render: (_, c) => c.admitted && <AnswerFile id={c.id} /> },
  ];
}

function FirstEnd({ of: c }: { of: Component }) {
  const t = useText();
  const first = c.ends?.[0];
  if (!first) return <span>{t.noneEnds}</span>;
  return (
    <span title={endOf(first.what, t.lacks)}>
      <Time at={first.at} />
    </span>
  );
}

// AnswerFile gets the answer of an admitted component, to be carried to its host.
export function AnswerFile({ id, type = 'link' }: { id: string; type?: 'link' | 'default' }) {
  const t = useText();
  const [busy, act] = useAct();
  const get = () =>
    act(async () => {
      const { data, response } = await client.GET('/api/components/{id}/answer', { params: { path: { id } }, parseAs: 'blob' });
      save(data, response, `${id}.answer.dukou`);
    });
  return (
    <Act call="get-component-answer" type={type} size={type === 'link' ? 'small' : 'middle'} loading={busy} title={t.answerHint} onClick={() => void get()}>
      {t.answer}
    </Act>
  );
}
