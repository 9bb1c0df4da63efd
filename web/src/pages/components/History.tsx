// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, Space, type TableProps, Tag } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { Id } from '../../parts/Id';
import { List } from '../../parts/List';
import { Time } from '../../parts/Time';
import { useAddress } from '../../parts/useAddress';
import { usePages } from '../../parts/usePages';
import { Accept } from './Accept';
import { Export } from './Configuration';
import { SnapshotView } from './SnapshotView';
import { useText } from './text';

type Snapshot = Schemas['InventorySnapshot'];

// History are the snapshots of a component's configuration; any two can be compared.
export function History({ id, of: c }: { id: string; of: Schemas['InventoryComparison'] }) {
  const t = useText();
  const address = useAddress();
  const [chosen, setChosen] = useState<number[]>([]);
  const [shown, setShown] = useState<number | null>(null);
  const [accepting, setAccepting] = useState<number | null>(null);
  const pages = usePages<Snapshot>('/api/components/{id}/configurations', { id }, async (after) => (await client.GET('/api/components/{id}/configurations', { params: { path: { id }, query: { after } } })).data);
  const compare = () => {
    const [from, to] = [...chosen].sort((a, b) => a - b);
    address.set({ from: String(from), to: String(to) });
  };
  return (
    <div className="stack">
      <div className="section-head">
        <h2>{t.configuration.history}</h2>
        <Button disabled={chosen.length !== 2} onClick={compare}>
          {t.configuration.compareTwo}
        </Button>
      </div>
      <div>{t.configuration.historyLead}</div>
      <List<Snapshot>
        label={t.configuration.history}
        items={pages.items}
        pending={pages.isPending}
        error={pages.error}
        again={pages.again}
        more={pages.more}
        rowKey="number"
        empty={t.configuration.historyEmpty}
        rowSelection={{
          hideSelectAll: true,
          columnTitle: t.configuration.columns.choose,
          columnWidth: 64,
          selectedRowKeys: chosen,
          onChange: (keys) => setChosen(keys.map(Number).slice(-2)),
          getCheckboxProps: (s) => ({ 'aria-label': t.configuration.choose(s.number) }),
        }}
        columns={useColumns(id, setShown, setAccepting)}
      />
      <SnapshotView id={id} number={shown} onLeave={() => setShown(null)} />
      <Accept id={id} number={accepting} first={!c.intended} onLeave={() => setAccepting(null)} />
    </div>
  );
}

function useColumns(id: string, show: (n: number) => void, accept: (n: number) => void): TableProps<Snapshot>['columns'] {
  const t = useText();
  const of = t.configuration.columns;
  return [
    {
      title: of.number,
      key: 'number',
      render: (_, s) => (
        <>
          {s.number} {s.intended && <Tag color="success">{t.configuration.isIntended}</Tag>}
        </>
      ),
    },
    { title: of.source, key: 'source', render: (_, s) => t.configuration.sources[s.source] ?? s.source },
    { title: of.taken, key: 'taken', render: (_, s) => <Time at={s.taken} /> },
    { title: of.seen, key: 'seen', render: (_, s) => <Time at={s.seen} /> },
    { title: of.digest, key: 'digest', render: (_, s) => <Id value={s.digest} /> },
    {
      title: of.acts,
      key: 'acts',
      render: (_, s) => (
        <Space size={4}>
          <Button size="small" type="link" onClick={() => show(s.number)}>
            {t.configuration.show}
          </Button>
          <Export id={id} number={s.number} />
          {!s.intended && (
            <Act call="accept-configuration" size="small" onClick={() => accept(s.number)}>
              {t.configuration.accept}
            </Act>
          )}
        </Space>
      ),
    },
  ];
}
