// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { App, Space, Tag, type TableProps } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { api, client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { usePerson } from '../../session/session';
import { DutyName } from './marks';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';

type One = Schemas['AccountSession'];

// SessionTable are sessions under way: one's own, or everybody's. The one in which it is
// shown is marked, and ended by signing out.
export function SessionTable({ all = false }: { all?: boolean }) {
  const t = useText();
  const { duty, account } = usePerson();
  const [chosen, setChosen] = useState<string[]>([]);
  const answer = api.useQuery('get', '/api/sessions', { params: { query: { all } } });
  const current = answer.data?.current;
  // Others' sessions security ends; the center refuses it to others in any case.
  const endable = (s: One) => s.id !== current && (duty === 'security' || s.account === account.name);
  const there = chosen.filter((id) => answer.data?.items?.some((s) => s.id === id && endable(s)));
  return (
    <div className="stack">
      <div>
        <Space wrap>
          <EndSessions ids={there} onEnded={() => setChosen([])} />
          <Act call="end-session" onClick={() => setChosen((answer.data?.items ?? []).filter(endable).map((s) => s.id))}>
            {t.sessions.chooseAll}
          </Act>
        </Space>
      </div>
      <List<One>
        label={t.sessions.label}
        rowKey="id"
        columns={useColumns(current, all)}
        rowSelection={{
          selectedRowKeys: there,
          onChange: (keys) => setChosen(keys.map(String)),
          getCheckboxProps: (s) => ({ disabled: !endable(s), 'aria-label': `${t.sessions.choose} ${s.account} ${s.address} ${s.created}` }),
          // The hidden row with which the table measures would hold one more box that has the focus.
          hideSelectAll: true,
          columnTitle: t.sessions.choose,
          columnWidth: 72,
        }}
        items={answer.data?.items}
        pending={answer.isPending}
        error={answer.error}
        again={() => void answer.refetch()}
        empty={t.sessions.empty}
      />
    </div>
  );
}

function useColumns(current: string | undefined, all: boolean): TableProps<One>['columns'] {
  const t = useText();
  const tones = { factor: 'busy', password: 'warn', full: 'good' } as const;
  const who: TableProps<One>['columns'] = [
    { title: t.sessions.account, key: 'account', render: (_, s) => <Link to={`/accounts/${encodeURIComponent(s.account)}`}>{s.account}</Link> },
    { title: t.list.duty, key: 'duty', render: (_, s) => <DutyName duty={s.duty} /> },
  ];
  return [
    ...(all ? who : []),
    {
      title: t.sessions.state,
      key: 'state',
      render: (_, s) => (
        <Space size={4}>
          <Mark tone={tones[s.state]}>{t.sessions.states[s.state]}</Mark>
          {s.id === current && <Tag>{t.sessions.current}</Tag>}
        </Space>
      ),
    },
    { title: t.sessions.from, key: 'from', render: (_, s) => <span className="mono">{s.address}</span> },
    {
      title: t.sessions.with,
      key: 'with',
      render: (_, s) => (
        <span title={s.agent} className="agent">
          {s.bearer ? t.sessions.line : t.sessions.browser}
        </span>
      ),
    },
    { title: t.sessions.begun, key: 'begun', render: (_, s) => <Two first={s.created} second={s.used} /> },
    { title: t.sessions.ends, key: 'ends', render: (_, s) => <Two first={s.idleUntil} second={s.endsAt} /> },
  ];
}

function Two({ first, second }: { first: string; second: string }) {
  return (
    <>
      <Time at={first} />
      <br />
      <Time at={second} />
    </>
  );
}

// EndSessions ends those that were chosen, after a question.
function EndSessions({ ids, onEnded }: { ids: string[]; onEnded: () => void }) {
  const t = useText();
  const { modal } = App.useApp();
  const [busy, act] = useAct();
  const readAnew = useReadAnew();
  const end = async () => {
    await act(async () => {
      try {
        for (const session of ids) await client.DELETE('/api/sessions/{session}', { params: { path: { session } } });
        onEnded();
      } finally {
        await readAnew('/api/sessions');
      }
    }, t.sessions.ended);
  };
  const ask = () =>
    modal.confirm({ title: t.sessions.endTitle(ids.length), content: t.sessions.endLead, okText: t.sessions.end, okButtonProps: { danger: true }, cancelText: t.cancel, onOk: () => void end() });
  return (
    <Act call="end-session" danger loading={busy} disabled={ids.length === 0} onClick={() => void ask()}>
      {t.sessions.endChosen(ids.length)}
    </Act>
  );
}
