// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { App, Button, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { api, client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { ByName } from '../../parts/ByName';
import { Kept } from '../../parts/Kept';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Page } from '../../parts/Page';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { useMay } from '../../session/session';
import { useNames } from '../../shell/names';
import { HowToSend } from './HowToSend';
import './retention.css';
import { SourceForm } from './SourceForm';
import { useText } from './sourcesText';
import { TokenShown } from './TokenShown';

type Source = Schemas['IntakeSource'];

export default function Sources() {
  const t = useText();
  const names = useNames();
  const queries = useQueryClient();
  const [run, setRun] = useState<{ form?: Source | 'new'; gone?: Source; token?: string }>({});
  const { data, isPending, error, refetch } = api.useQuery('get', '/api/sources', {});
  const again = () => void queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/sources') });
  const acts = useSourceActs(again, (token) => setRun({ token }));
  const columns = useColumns({ ...acts, change: (form) => setRun({ form }), remove: (gone) => setRun({ gone }) });
  const add = (
    <Act call="add-source" type="primary" onClick={() => setRun({ form: 'new' })}>
      {t.add}
    </Act>
  );
  return (
    <Page title={names.pages.sources} lead={t.lead} actions={add}>
      <List<Source> items={data?.items} pending={isPending} error={error} again={() => void refetch()} label={t.list} rowKey="id" columns={columns} empty={t.empty} />
      <HowToSend />
      <Kept of={run.form}>
        {(source, open) => (
          <SourceForm
            source={source}
            open={open}
            onLeave={() => setRun(({ token }) => ({ token }))}
            onDone={(token) => {
              again();
              if (token) setRun({ token });
            }}
          />
        )}
      </Kept>
      <TokenShown token={run.token} onLeave={() => setRun({})} />
      <ByName
        open={run.gone !== undefined}
        name={run.gone?.name ?? ''}
        title={t.deleteTitle(run.gone?.name ?? '')}
        does={t.delete}
        onDo={async () => run.gone && (await acts.gone(run.gone)) && setRun({})}
        onLeave={() => setRun({})}
      >
        <p>{t.deletes}</p>
      </ByName>
    </Page>
  );
}

// useSourceActs are what can be done to a source at once.
function useSourceActs(again: () => void, shown: (token: string) => void) {
  const t = useText();
  const { modal, notification } = App.useApp();
  const [, run] = useAct();
  const switchTo = async (s: Source, on: boolean, revision = s.revision): Promise<void> => {
    const { name, zone, kind, fingerprint, rate, id } = s;
    const header = { 'If-Match': `"${revision}"` };
    const done = await run(() => client.PUT('/api/sources/{id}', { params: { path: { id }, header }, body: { name, zone, kind, fingerprint, rate, on } }));
    again();
    if (!done) return;
    const undo = () => {
      notification.destroy(id);
      void switchTo(s, !on, revision + 1);
    };
    notification.success({ key: id, title: `${name}: ${on ? t.listening : t.off}`, actions: <Button size="small" onClick={undo}>{t.undo}</Button> });
  };
  const renew = (s: Source) =>
    modal.confirm({
      title: t.tokenNew(s.name),
      okText: t.token,
      cancelText: t.cancel,
      onOk: () => void run(async () => {
        const { data } = await client.POST('/api/sources/{id}/token', { params: { path: { id: s.id } } });
        if (data) shown(data.token);
      }),
    });
  const gone = async (s: Source) => {
    notification.destroy(s.id); // an undo that may still stand there
    const done = await run(() => client.DELETE('/api/sources/{id}', { params: { path: { id: s.id } } }), t.deleted);
    again();
    return done;
  };
  return { switchTo, renew, gone };
}

interface RowActs {
  switchTo: (s: Source, on: boolean) => Promise<void>;
  renew: (s: Source) => void;
  change: (s: Source) => void;
  remove: (s: Source) => void;
}

function useColumns(acts: RowActs): TableColumnsType<Source> {
  const t = useText();
  const may = useMay();
  return [
    { title: t.name, dataIndex: 'name', render: (name: string) => <strong>{name}</strong> },
    { title: t.zone, dataIndex: 'zone' },
    { title: t.kind, dataIndex: 'kind', render: (k: string) => <span title={k}>{t.kinds[k] ?? k}</span> },
    { title: t.standing, key: 'standing', render: (_, s) => <Standing of={s} /> },
    { title: t.taken, dataIndex: 'taken', align: 'right', render: (n: number, s) => <Link to={`/evidence?class=foreign&subject=${encodeURIComponent(`source/${s.name}`)}`}>{n}</Link> },
    { title: t.refused, dataIndex: 'refused', align: 'right' },
    { title: t.last, dataIndex: 'last', render: (at?: string) => <Time at={at} /> },
    ...(may('change-source') ? [{ title: t.acts, key: 'acts', render: (_: unknown, s: Source) => <Acts of={s} {...acts} /> }] : []),
  ];
}

function Standing({ of: s }: { of: Source }) {
  const t = useText();
  if (!s.on) return <Mark tone="quiet">{t.off}</Mark>;
  if (s.connected > 0) return <Mark tone="good">{t.connected(s.connected)}</Mark>;
  if (!s.last) return <Mark tone="quiet">{t.waiting}</Mark>;
  return s.kind === 'syslog' ? <Mark tone="warn">{t.quiet}</Mark> : <Mark tone="good">{t.listening}</Mark>;
}

function Acts({ of: s, switchTo, renew, change, remove }: { of: Source } & RowActs) {
  const t = useText();
  return (
    <div className="row-acts">
      <Act call="change-source" size="small" aria-label={t.changeOf(s.name)} onClick={() => change(s)}>
        {t.change}
      </Act>
      <Act call="change-source" size="small" aria-label={`${s.on ? t.switchOff : t.switchOn} ${s.name}`} onClick={() => void switchTo(s, !s.on)}>
        {s.on ? t.switchOff : t.switchOn}
      </Act>
      {s.kind === 'json' && (
        <Act call="renew-source-token" size="small" aria-label={`${t.token} ${s.name}`} onClick={() => renew(s)}>
          {t.token}
        </Act>
      )}
      <Act call="delete-source" size="small" danger aria-label={t.deleteTitle(s.name)} onClick={() => remove(s)}>
        {t.delete}
      </Act>
    </div>
  );
}
