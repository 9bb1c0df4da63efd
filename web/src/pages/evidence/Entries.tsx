// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { TableOutlined } from '@ant-design/icons';
import { Checkbox } from 'antd';
import { useMemo, useRef, useState } from 'react';
import { useNames } from '../../shell/names';
import { client } from '../../api/client';
import { useLanguage } from '../../language/texts';
import { List } from '../../parts/List';
import { Page } from '../../parts/Page';
import { Panel } from '../../parts/Panel';
import { type Column, columns, fitted, type Found, keyOf, useEntryColumns, usualColumns } from './columns';
import { ExportMenu } from './search/ExportMenu';
import { fields } from './search/fields';
import { Histogram } from './search/Histogram';
import { ListHead, Reached } from './search/Reached';
import { limitOf } from './search/rows';
import { SearchBar } from './search/SearchBar';
import { useSay, useWords } from './search/text';
import { useLiveList } from './search/useLiveList';
import { type Query, useSearch } from './search/useSearch';
import { ValueMenus } from './search/ValueMenu';
import { Views } from './search/Views';
import { useText } from './text';

const kept = 'dukou.entry-columns';

// Entries finds audit entries of all classes that the person may see.
export default function Entries() {
  const t = useText();
  const names = useNames();
  const search = useSearch(fields);
  const [shown, setShown] = useColumns();
  const { query } = search;
  return (
    <Page title={names.pages.evidence} lead={t.entriesLead}>
      <SearchBar search={search} allowed={fields}>
        <Views search={search} />
        <ExportMenu query={query} />
        <ColumnChoice shown={shown} choose={setShown} />
      </SearchBar>
      <Histogram search={search} said="countedEntries" />
      <ValueMenus search={search}>
        <FoundList query={query} shown={shown} />
      </ValueMenus>
    </Page>
  );
}

// FoundList is what was found, and goes on by itself.
function FoundList({ query, shown }: { query: Query; shown: Column[] }) {
  const t = useText();
  const names = useNames();
  const language = useLanguage();
  const around = useRef<HTMLDivElement>(null);
  const read = useMemo(
    () => async (after: string | undefined, live: boolean) => {
      const { data } = await client.GET('/api/evidence', { params: { query: { ...query, limit: limitOf(after), after, live: live || undefined } } });
      return { ...data, items: data?.items ?? [] };
    },
    [query],
  );
  const list = useLiveList<Found>('/api/evidence', query, keyOf, read, around);
  const tableColumns = useEntryColumns(shown);
  return (
    <>
      <div ref={around}>
        <ListHead rows={list.rows} release={list.release} again={list.again} />
        <List<Found>
          key={language}
          label={names.pages.evidence}
          items={list.rows?.items}
          pending={list.isPending}
          error={list.error}
          again={list.again}
          empty={t.noEntries}
          rowKey={keyOf}
          columns={tableColumns}
          {...fitted(tableColumns)}
        />
        <Reached rows={list.rows} more={list.more} busy={list.busy} />
      </div>
    </>
  );
}

function useColumns(): [Column[], (c: Column[]) => void] {
  const [shown, setShown] = useState<Column[]>(() => {
    const names = (localStorage.getItem(kept) ?? '').split(',');
    const known = columns.filter((c) => names.includes(c));
    return known.length > 0 ? known : usualColumns;
  });
  const choose = (list: Column[]) => {
    localStorage.setItem(kept, list.join());
    setShown(list);
  };
  return [shown, choose];
}

function ColumnChoice({ shown, choose }: { shown: Column[]; choose: (c: Column[]) => void }) {
  const t = useText();
  const say = useSay();
  const words = useWords();
  const titles: Record<string, string | undefined> = { ...words.fields, time: t.time, entry: t.entry, parcel: say.parcel };
  const options = columns.map((value) => ({ value, label: titles[value], disabled: value === 'entry' }));
  const content = <Checkbox.Group className="column-choice" options={options} value={shown} onChange={(list) => choose(list as Column[])} />;
  return (
    <Panel label={say.columns} icon={<TableOutlined />} placement="bottomRight">
      {() => content}
    </Panel>
  );
}
