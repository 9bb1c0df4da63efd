// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { ReloadOutlined } from '@ant-design/icons';
import { Button, type TableColumnsType } from 'antd';
import { useEffect, useMemo, useState } from 'react';
import { Link } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { Id } from '../../parts/Id';
import { List } from '../../parts/List';
import { Time } from '../../parts/Time';
import { useMay } from '../../session/session';
import { useText as useSigningWords } from '../../signing/text';
import { Section } from '../../parts/Section';
import { sizeOf } from '../retention/sizes';
import { Fronts } from './HeldFronts';
import { Release } from './Release';
import { Why } from './ReleaseFacts';
import { useText } from './text';

type Item = Schemas['QuarantineItem'];

const keyOf = (i: { front: string; parcel: string }) => `${i.front} ${i.parcel}`;
const often = 30_000; // each time all fronts are asked

// useProposed are the releases that wait for a second person, by what they would release.
function useProposed() {
  const answer = api.useQuery('get', '/api/proposals', { params: { query: { kind: 'release-quarantined', 'under-way': true } } });
  return useMemo(() => {
    const list = (answer.data?.items ?? []).filter((p) => p.about);
    return new Map(list.map((p) => [keyOf({ front: p.about?.component ?? '', parcel: p.about?.parcel ?? '' }), p.id]));
  }, [answer.data]);
}

// Held lists what lies in quarantine at the fronts that receive files, as they say now.
export function Held() {
  const t = useText();
  const answer = api.useQuery('get', '/api/quarantine', {}, { refetchInterval: often });
  const proposed = useProposed();
  const [chosen, setChosen] = useState<Item | null>(null);
  const [open, setOpen] = useState(false);
  const { refetch } = answer;
  useEffect(() => void refetch(), [refetch, proposed]); // one that has ended has changed what lies there
  const release = (item: Item) => {
    setChosen(item);
    setOpen(true);
  };
  const columns = useColumns(proposed, release);
  return (
    <Section title={t.heldNow} lead={t.heldLead}>
      <div className="filters">
        <Fronts of={answer.data?.fronts ?? []} listed={answer.data?.items ?? []} />
        <Button size="small" icon={<ReloadOutlined />} loading={answer.isFetching} onClick={() => void refetch()}>
          {t.heldAgain}
        </Button>
      </div>
      <List<Item> label={t.heldNow} items={answer.data?.items} pending={answer.isPending} error={answer.error} again={() => void refetch()} empty={t.heldNone} rowKey={keyOf} columns={columns} />
      {chosen && <Release key={keyOf(chosen)} of={chosen} open={open} onLeave={() => setOpen(false)} />}
    </Section>
  );
}

function useColumns(proposed: Map<string, string>, release: (i: Item) => void): TableColumnsType<Item> {
  const t = useText();
  const { fields } = useSigningWords();
  const may = useMay();
  const sees = may('show-crossing');
  const columns: TableColumnsType<Item> = [
    { title: t.heldSince, key: 'since', render: (_, i) => <Time at={i.since} /> },
    { title: fields.front, dataIndex: 'front' },
    { title: fields.flow, dataIndex: 'flow' },
    { title: fields.name, key: 'name', render: (_, i) => <Name of={i.name} /> },
    { title: fields.size, key: 'size', align: 'end', render: (_, i) => <span className="nowrap" title={t.bytes(i.size)}>{sizeOf(i.size)}</span> },
    { title: fields.code, key: 'code', render: (_, i) => <Why of={i.code} /> },
    { title: fields.parcel, key: 'parcel', render: (_, i) => <Id value={i.parcel} length={8} {...(sees && { to: `/crossings/${i.parcel}` })} /> },
    { title: t.heldAct, key: 'act', render: (_, i) => <Turn proposal={proposed.get(keyOf(i))} onRelease={() => release(i)} /> },
  ];
  const left = (sees ? [] : ['name']).concat(may('propose-release') || proposed.size > 0 ? [] : ['act']); // the center tells only some duties the names
  return columns.filter((c) => !left.includes(String(c.key)));
}

function Name({ of }: { of: string | undefined }) {
  const t = useText();
  return of ? <div className="cell-clip" title={of}>{of}</div> : <span title={t.heldNamelessWhy}>{t.heldNameless}</span>;
}

// Turn is what is to be done about a file: to propose its release, or to look at who has.
function Turn({ proposal, onRelease }: { proposal: string | undefined; onRelease: () => void }) {
  const t = useText();
  if (proposal) return <Link to={`/proposals/${proposal}`}>{t.heldProposed}</Link>;
  return (
    <Act call="propose-release" size="small" onClick={onRelease}>
      {t.release}
    </Act>
  );
}
