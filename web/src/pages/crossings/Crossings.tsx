// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Select, type TableColumnsType } from 'antd';
import { useMemo, useRef } from 'react';
import { client } from '../../api/client';
import { useLanguage } from '../../language/texts';
import { List } from '../../parts/List';
import { Page } from '../../parts/Page';
import { useNames } from '../../shell/names';
import { fitted, shouldCellUpdate, widthOf } from '../evidence/columns';
import { ExportMenu } from '../evidence/search/ExportMenu';
import { fieldsOfParcels } from '../evidence/search/fields';
import { Histogram } from '../evidence/search/Histogram';
import { ParcelId } from '../evidence/search/ParcelId';
import { ListHead, Reached } from '../evidence/search/Reached';
import { limitOf } from '../evidence/search/rows';
import { SearchBar } from '../evidence/search/SearchBar';
import { useWords } from '../evidence/search/text';
import { useLiveList } from '../evidence/search/useLiveList';
import { type Search, useSearch } from '../evidence/search/useSearch';
import { Value, ValueMenus } from '../evidence/search/ValueMenu';
import { Views } from '../evidence/search/Views';
import { When } from '../evidence/search/When';
import { type Passage, type State, StateMark, states, useSentence } from './State';
import { useText } from './text';

const keyOf = (p: Passage) => p.parcel;
const classes = ['decision', 'delivery', 'session'];

// Crossings lists parcels, each with how far it came.
export default function Crossings() {
  const t = useText();
  const names = useNames();
  const search = useSearch(fieldsOfParcels);
  const chosen = search.address.all('state').join();
  const query = useMemo(() => ({ ...search.query, ...(chosen ? { state: chosen.split(',') as State[] } : {}) }), [search.query, chosen]);
  return (
    <Page title={names.pages.crossings} lead={t.lead}>
      <SearchBar search={search} allowed={fieldsOfParcels}>
        <StateChoice search={search} />
        <Views search={search} states={search.address.all('state')} />
        <ExportMenu query={{ ...query, class: classes }} />
      </SearchBar>
      <Histogram search={search} classes={['decision']} said="counted" />
      {chosen && <p className="reached">{t.chartOf}</p>}
      <ValueMenus search={search}>
        <Passages query={query} label={names.pages.crossings} empty={t.none} />
      </ValueMenus>
    </Page>
  );
}

function StateChoice({ search }: { search: Search }) {
  const t = useText();
  const words = useWords();
  return (
    <Select
      mode="multiple"
      className="state-choice"
      aria-label={t.states}
      placeholder={t.anyState}
      maxTagCount={1}
      allowClear
      value={search.address.all('state')}
      onChange={(list: string[]) => search.address.set({ state: list })}
      options={states.map((s) => ({ value: s, label: words.state[s] }))}
    />
  );
}

// Passages is a list of parcels that goes on by itself.
export function Passages({ query, label, empty, show }: { query: object & { state?: State[] }; label: string; empty: string; show?: (p: Passage) => boolean }) {
  const around = useRef<HTMLDivElement>(null);
  const read = useMemo(
    () => async (after: string | undefined, live: boolean) => {
      const { data } = await client.GET('/api/crossings', { params: { query: { ...query, limit: limitOf(after), after, live: live || undefined } } });
      return { ...data, items: data?.items ?? [] };
    },
    [query],
  );
  const list = useLiveList<Passage>('/api/crossings', query, keyOf, read, around);
  const language = useLanguage();
  const columns = usePassageColumns();
  const items = show ? list.rows?.items.filter(show) : list.rows?.items;
  return (
    <>
      <div ref={around}>
        <ListHead rows={list.rows} release={list.release} again={list.again} />
        <List<Passage> key={language} label={label} items={items} pending={list.isPending} error={list.error} again={list.again} empty={empty} rowKey={keyOf} columns={columns} {...fitted(columns)} />
        <Reached rows={list.rows} more={list.more} busy={list.busy} />
      </div>
    </>
  );
}

// The columns fit beside the menu on a screen of 1366 pixels; what is longer is cut, and
// whole in its hint.
function usePassageColumns(): TableColumnsType<Passage> {
  const t = useText();
  const words = useWords();
  return useMemo(() => {
    const clipped = (field: 'flow' | 'subject' | 'action' | 'object') => ({
      title: words.fields[field],
      key: field,
      width: widthOf(field),
      render: (_: unknown, p: Passage) => (
        <div className="cell-clip">
          <Value field={field} value={p[field]} />
        </div>
      ),
    });
    const list: TableColumnsType<Passage> = [
      { title: t.time, key: 'time', width: widthOf('time'), render: (_, p) => <When at={p.last} /> },
      { title: t.parcel, key: 'parcel', width: widthOf('parcel'), render: (_, p) => <ParcelId id={p.parcel} /> },
      { title: t.ended, key: 'state', width: 206, render: (_, p) => <Ended p={p} /> },
      clipped('flow'),
      clipped('subject'),
      clipped('action'),
      clipped('object'),
      { title: <span title={words.fields.level}>{t.level}</span>, key: 'level', width: 60, render: (_, p) => <Value field="level" value={p.level} /> },
      { title: t.way, key: 'way', width: 136, render: (_, p) => p.from && <Way from={p.from} to={p.to ?? ''} /> },
    ];
    return list.map((c) => ({ ...c, shouldCellUpdate }));
  }, [t, words]);
}

function Way({ from, to }: { from: string; to: string }) {
  const way = `${from} → ${to}`;
  return (
    <div className="cell-clip nowrap row-small" title={way}>
      {way}
    </div>
  );
}

// Ended is how far a parcel came and, where it was refused, why: by whom is in the hint.
function Ended({ p }: { p: Passage }) {
  const t = useText();
  const say = useSentence();
  return (
    <div className="ended">
      <span title={say(p)}>
        <StateMark state={p.state} />
      </span>
      {p.reason && (
        <div className="cell-clip">
          <Value field="reason" value={p.reason} hint={`${p.reason} ${p.by ? t.by(p.by) : ''}`} />
        </div>
      )}
    </div>
  );
}
