// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { TableColumnsType } from 'antd';
import { useMemo } from 'react';
import { Link } from 'react-router';
import type { Schemas } from '../../api/client';
import { Mark, type Tone } from '../../parts/Mark';
import { useSay, useWords, wordOf } from './search/text';
import { Value } from './search/ValueMenu';
import { When } from './search/When';
import { ParcelId } from './search/ParcelId';
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

// widths are how wide columns are, in pixels: so wide that the usual ones fit beside the menu
// on a screen of 1366, and the same whatever is in them, so that none moves as rows come.
const widths: Record<string, number> = {
  time: 170, entry: 160, class: 92, verdict: 112, reason: 124, flow: 116, subject: 118, action: 80, object: 112,
  parcel: 102, level: 100, integrity: 110, protocol: 90, purpose: 110, address: 130,
};

export function widthOf(column: string): number {
  return widths[column] ?? 120;
}

// fitted has a table keep to the widths of its columns; where there is more room, all share it.
export function fitted(list: { width?: number | string }[]) {
  const sum = list.reduce((n, c) => n + Number(c.width ?? 0), 0);
  return { className: 'fitted', tableLayout: 'fixed' as const, scroll: { x: sum } };
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

// Place is the log and the index of an entry; of both it is the log that may be cut.
function Place({ e }: { e: Found }) {
  return (
    <Link to={addressOf(e)} className="entry-place" title={`${e.log} ${e.index}`}>
      <span>{e.log}</span>&nbsp;{e.index}
    </Link>
  );
}

// useEntryColumns are the columns of a table of entries.
export function useEntryColumns(shown: readonly Column[]): TableColumnsType<Found> {
  const t = useText();
  const say = useSay();
  const words = useWords();
  return useMemo(() => {
    const all: Partial<Record<Column, TableColumnsType<Found>[number]>> = {
      time: { title: t.time, render: (_, e) => <When at={e.time} /> },
      entry: { title: t.entry, render: (_, e) => <Place e={e} /> },
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
        render: (_, e) => e.parcel && <ParcelId id={e.parcel} />,
      },
      ...Object.fromEntries(plain.map((f) => [f, { title: words.fields[f], render: (_: unknown, e: Found) => <Clipped field={f} value={e[f]} /> }])),
    };
    return columns.filter((c) => shown.includes(c)).map((c) => ({ ...all[c], key: c, width: widthOf(c), shouldCellUpdate }));
  }, [t, say, words, shown]);
}
