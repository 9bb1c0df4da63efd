// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { App } from 'antd';
import { useState } from 'react';
import { api, client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { ByName } from '../../parts/ByName';
import { Kept } from '../../parts/Kept';
import { List } from '../../parts/List';
import { Page } from '../../parts/Page';
import { useAct } from '../../parts/useAct';
import { useNames } from '../../shell/names';
import { useText } from './exportsText';
import './retention.css';
import { TargetDetails, useTargetColumns } from './targetColumns';
import { TargetForm } from './TargetForm';
import { Tried } from './Tried';
import { useTargetActs } from './useTargetActs';

type Target = Schemas['ExportTarget'];

interface Shown {
  form?: Target | 'new';
  gone?: Target;
  skip?: Target;
  tried?: Schemas['ExportTried'];
}

export default function Exports() {
  const t = useText();
  const names = useNames();
  const [shown, show] = useState<Shown>({});
  const { data, isPending, error, refetch } = api.useQuery('get', '/api/exports/targets', {});
  const acts = useTargetActs((tried) => show({ tried }));
  const columns = useTargetColumns({ ...acts, change: (form) => show({ form }), skip: (skip) => show({ skip }), remove: (gone) => show({ gone }) });
  const add = (
    <Act call="add-export-target" type="primary" onClick={() => show({ form: 'new' })}>
      {t.add}
    </Act>
  );
  return (
    <Page title={names.pages.exports} lead={t.lead} actions={add}>
      <List<Target>
        items={data?.items}
        pending={isPending}
        error={error}
        again={() => void refetch()}
        label={t.list}
        rowKey="id"
        columns={columns}
        expandable={{ columnTitle: <span className="unseen">{t.details}</span>, expandedRowRender: (x) => <TargetDetails of={x} /> }}
        empty={t.empty}
      />
      <Kept of={shown.form}>{(target, open) => <TargetForm target={target} open={open} onLeave={() => show({})} onDone={acts.again} />}</Kept>
      <Tried tried={shown.tried} onLeave={() => show({})} />
      <Dangers shown={shown} leave={() => show({})} />
    </Page>
  );
}

// Dangers are the two acts that cannot be taken back.
function Dangers({ shown: { gone, skip }, leave }: { shown: Shown; leave: () => void }) {
  const t = useText();
  const queries = useQueryClient();
  const { notification } = App.useApp();
  const [, run] = useAct();
  const again = () => void queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/exports') });
  const remove = async (x: Target) => {
    notification.destroy(x.id); // an undo that may still stand there
    if (await run(() => client.DELETE('/api/exports/targets/{id}', { params: { path: { id: x.id } } }), t.deleted)) leave();
    again();
  };
  const giveUp = async (x: Target) => {
    if (await run(() => client.POST('/api/exports/targets/{id}/skip', { params: { path: { id: x.id } } }), t.skipped(String(x.backlog)))) leave();
    again();
  };
  return (
    <>
      <ByName open={gone !== undefined} name={gone?.name ?? ''} title={t.deleteTitle(gone?.name ?? '')} does={t.delete} onDo={() => gone && remove(gone)} onLeave={leave}>
        <p>{t.deletes}</p>
      </ByName>
      <ByName open={skip !== undefined} name={skip?.name ?? ''} title={t.skipTitle(skip?.name ?? '')} does={t.skip} onDo={() => skip && giveUp(skip)} onLeave={leave}>
        <p>{t.skips(String(skip?.backlog ?? 0))}</p>
      </ByName>
    </>
  );
}
