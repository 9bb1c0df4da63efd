// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { App, Checkbox, Popconfirm, Space, type TableProps } from 'antd';
import { api, client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { Id } from '../../parts/Id';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { useAddress } from '../../parts/useAddress';
import { useMay } from '../../session/session';
import { FileButton } from '../../signing/FileButton';
import { Admit } from './Admit';
import { Role } from './marks';
import { useText } from './text';

type Request = Schemas['InventoryRequest'];

// Requests are those that wait to be admitted. They are left out where none waits and the
// person cannot hand one in.
export function Requests() {
  const t = useText();
  const may = useMay();
  const address = useAddress();
  const queries = useQueryClient();
  const { message } = App.useApp();
  const [busy, act] = useAct();
  const answer = api.useQuery('get', '/api/component-requests', {});
  const all = answer.data?.items ?? [];
  const waiting = all.filter((r) => r.state === 'waiting');
  const earlier = address.one('requests') === 'all';
  const readAnew = () => queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/component') });
  const handIn = (file: File) =>
    act(async () => {
      const { data } = await client.POST('/api/component-requests', {
        body: file as unknown as string,
        bodySerializer: (b: unknown) => b as BodyInit,
        headers: { 'Content-Type': 'application/octet-stream' },
      });
      if (data) void message.success(t.requests.added(data.component));
      await readAnew();
    });
  const columns = useColumns(readAnew);
  if (!may('hand-in-component-request') && all.length === 0) return null;
  return (
    <div className="stack">
      <div className="section-head">
        <h2>{t.requests.title}</h2>
        <Space wrap>
          {all.length > waiting.length && (
            <Checkbox checked={earlier} onChange={(e) => address.set({ requests: e.target.checked ? 'all' : null })}>
              {t.requests.earlier}
            </Checkbox>
          )}
          <FileButton call="hand-in-component-request" label={t.requests.file} accept=".dukou" loading={busy} onFile={(f) => void handIn(f)}>
            {t.requests.add}
          </FileButton>
        </Space>
      </div>
      <div>{t.requests.lead}</div>
      {(waiting.length > 0 || earlier || answer.error) && (
        <List<Request>
          label={t.requests.title}
          items={earlier ? all : waiting}
          pending={answer.isPending}
          error={answer.error}
          again={() => void answer.refetch()}
          rowKey="id"
          columns={columns}
          empty={t.requests.empty}
        />
      )}
      <Admit request={waiting.find((r) => r.id === address.one('admit'))} onLeave={() => address.set({ admit: null })} />
    </div>
  );
}

function useColumns(readAnew: () => Promise<unknown>): TableProps<Request>['columns'] {
  const t = useText();
  const address = useAddress();
  const [busy, act] = useAct();
  const remove = (id: string) =>
    act(async () => {
      await client.DELETE('/api/component-requests/{id}', { params: { path: { id } } });
      await readAnew();
    }, t.requests.removed);
  return [
    { title: t.requests.columns.component, dataIndex: 'component' },
    { title: t.columns.role, key: 'role', render: (_, r) => <Role role={r.role} /> },
    { title: t.columns.zone, key: 'zone', render: (_, r) => r.zone ?? '–' },
    { title: t.requests.columns.fingerprint, key: 'fingerprint', render: (_, r) => <Id value={r.fingerprint} length={16} /> },
    { title: t.requests.columns.by, dataIndex: 'by' },
    { title: t.requests.columns.at, key: 'at', render: (_, r) => <Time at={r.handedIn} /> },
    { title: t.requests.columns.state, key: 'state', render: (_, r) => <Mark tone={r.state === 'waiting' ? 'warn' : 'quiet'}>{t.requests.states[r.state] ?? r.state}</Mark> },
    {
      title: t.columns.acts,
      key: 'acts',
      render: (_, r) =>
        r.state === 'waiting' && (
          <Space>
            <Act call="admit-component" size="small" type="primary" onClick={() => address.set({ admit: r.id })}>
              {t.requests.admit}
            </Act>
            <Popconfirm title={t.requests.removeSure} description={t.requests.removeWhy} okText={t.requests.remove} okButtonProps={{ danger: true }} cancelText={t.cancel} onConfirm={() => void remove(r.id)}>
              <Act call="remove-component-request" size="small" danger loading={busy}>
                {t.requests.remove}
              </Act>
            </Popconfirm>
          </Space>
        ),
    },
  ];
}
