// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { TableColumnsType } from 'antd';
import { useMemo } from 'react';
import { Link } from 'react-router';
import type { Schemas } from '../../api/client';
import { Id } from '../../parts/Id';
import { Mark, type Tone } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { useMay } from '../../session/session';
import { useSay, useWords, wordOf } from './search/text';
import { Value } from './search/ValueMenu';
import { useText } from './text';

export type Found = Schemas['EvidenceFound'];

export const keyOf = (e: Found) => `${e.log}/${e.index}`;
export const addressOf = (e: { log: string; index: number }) => `/evidence/${encodeURIComponent(e.log)}/${e.index}`;

export const columns = ['time', 'entry', 'class', 'verdict', 'reason', 'flow', 'subject', 'action', 'object', 'parcel', 'level', 'integrity', 'protocol', 'purpose', 'address'] as const;
export type Column = (typeof columns)[number];
export const usualColumns: Column[] = ['time', 'entry', 'class', 'verdict', 'reason', 'flow', 'subject', 'action', 'object'];

// Rows that say the same are not drawn again when others come. A list is made anew for
// another language.
export const shouldCellUpdate = (now: object, before: object) => now !== before;

// toneOf is how a verdict looks.
export function toneOf(verdict: string): Tone {
  if (verdict === 'refuse' || verdict === 'failed') return 'bad';
  if (verdict === 'quarantined') return 'warn';
  return verdict === 'info' || verdict === 'begun' ? 'quiet' : 'good';
}

// Columns that show a field as it is.
const plain = ['reason', 'flow', 'subject', 'action', 'object', 'level', 'integrity', 'protocol', 'purpose', 'address'] as const;

function Clipped({ field, value }: { field: string; value: string | undefined }) {
  return (
    <div className="cell-clip">
      <Value field={field} value={value} />
    </div>
  );
}

// useEntryColumns are the columns of a table of entries.
export function useEntryColumns(shown: readonly Column[]): TableColumnsType<Found> {
  const t = useText();
  const say = useSay();
  const words = useWords();
  const may = useMay();
  return useMemo(() => {
    const all: Partial<Record<Column, TableColumnsType<Found>[number]>> = {
      time: { title: t.time, render: (_, e) => <Time at={e.time} /> },
      entry: { title: t.entry, render: (_, e) => <Link to={addressOf(e)} className="nowrap">{`${e.log} ${e.index}`}</Link> },
      class: { title: words.fields.class, render: (_, e) => <Value field="class" value={e.class} /> },
      verdict: {
        title: words.fields.verdict,
        render: (_, e) =>
          e.verdict && (
            <Value field="verdict" value={e.verdict}>
              <Mark tone={toneOf(e.verdict)}>{wordOf(words, 'verdict', e.verdict)}</Mark>
            </Value>
          ),
      },
      parcel: {
        title: say.parcel,
        render: (_, e) => e.parcel && <Id value={e.parcel} {...(may('show-crossing') ? { to: `/crossings/${e.parcel}` } : {})} />,
      },
      ...Object.fromEntries(plain.map((f) => [f, { title: words.fields[f], render: (_: unknown, e: Found) => <Clipped field={f} value={e[f]} /> }])),
    };
    return columns.filter((c) => shown.includes(c)).map((c) => ({ ...all[c], key: c, shouldCellUpdate }));
  }, [t, say, words, may, shown]);
}
