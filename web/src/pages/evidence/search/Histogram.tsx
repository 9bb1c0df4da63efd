// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, theme, Typography } from 'antd';
import { useRef, useState } from 'react';
import { api, type Schemas } from '../../../api/client';
import { ProblemView } from '../../../parts/ProblemView';
import { stamp, Time } from '../../../parts/Time';
import { usePreferences } from '../../../session/preferences';
import { useSay } from './text';
import { bucketFor, lengthOf } from './time';
import type { Query, Search } from './useSearch';

type Counts = Schemas['EvidenceCounts'];

interface Bar {
  start: number;
  end: number;
  n: number;
  refused: number;
}

// barsOf are the steps of a count, also those in which there was nothing.
export function barsOf(c: Counts): Bar[] {
  const step = (c.bucket_seconds ?? 0) * 1000;
  if (step === 0) return [];
  const to = Date.parse(c.to);
  const bars: Bar[] = [];
  let start = Date.parse(c.from);
  while (start < to && bars.length < 1000) {
    const end = Math.min(to, start - (start % step) + step);
    bars.push({ start, end, n: 0, refused: 0 });
    start = end;
  }
  for (const { start: at, value, n } of c.counts ?? []) {
    const bar = bars.find((b) => Date.parse(at) < b.end);
    if (!bar) continue;
    bar.n += n;
    if (value === 'refuse') bar.refused += n;
  }
  return bars;
}

// lengthIn is how long the window of a query is; null for one without a begin.
function lengthIn(q: Query): number | null {
  if (q.last) return lengthOf(q.last);
  return q.from ? (q.to ? Date.parse(q.to) : Date.now()) - Date.parse(q.from) : null;
}

// Histogram counts what a search chooses by time. It stands still: each count is recorded.
export function Histogram({ search, classes, said }: { search: Search; classes?: string[]; said: 'counted' | 'countedEntries' }) {
  const length = lengthIn(search.query);
  const bucket = length === null ? null : bucketFor(length);
  const query = { ...search.query, ...(classes ? { class: classes } : {}), by: 'verdict' as const, bucket: `${bucket}s` };
  const counts = api.useQuery('get', '/api/evidence/counts', { params: { query } }, { enabled: bucket !== null, meta: { still: true }, staleTime: Infinity, gcTime: 60_000 });
  if (bucket === null) return null;
  if (counts.error) return <ProblemView error={counts.error} retry={() => void counts.refetch()} />;
  return (
    <section className="histogram" aria-busy={counts.isFetching}>
      <BarsHead counts={counts.data} at={counts.dataUpdatedAt} said={said} again={() => void counts.refetch()} busy={counts.isFetching} />
      <Bars bars={counts.data ? barsOf(counts.data) : []} choose={(b) => search.between(new Date(b.start).toISOString(), new Date(b.end).toISOString())} />
    </section>
  );
}

function BarsHead({ counts, at, said, again, busy }: { counts: Counts | undefined; at: number; said: 'counted' | 'countedEntries'; again: () => void; busy: boolean }) {
  const t = useSay();
  const { token } = theme.useToken();
  const bars = counts ? barsOf(counts) : [];
  const sum = (of: (b: Bar) => number) => bars.reduce((n, b) => n + of(b), 0).toLocaleString();
  return (
    <div className="bars-head">
      <strong>{t.chart}</strong>
      <span>{counts && t[said](sum((b) => b.n), sum((b) => b.refused))}</span>
      <span>
        <span className="bars-legend" style={{ background: token.colorPrimary }} />
        {t.allowed}
        <span className="bars-legend" style={{ background: striped(token.colorError, token.colorBgContainer) }} />
        {t.refused}
      </span>
      {counts && !counts.whole && (
        <Typography.Text type="warning">
          ▲ {t.notWhole} <Time at={counts.back} />
        </Typography.Text>
      )}
      {(counts?.bucket_seconds ?? 0) >= 3600 && <span>{t.byHours}</span>}
      <span>
        {t.asOf} {at > 0 && <Time at={at} />}
      </span>
      <Button size="small" type="link" onClick={again} loading={busy}>
        {t.count}
      </Button>
    </div>
  );
}

function striped(color: string, between: string): string {
  return `repeating-linear-gradient(45deg, ${color} 0 3px, ${between} 3px 5px)`;
}

// Bars are steps of time as buttons: Tab enters them, arrows go along, Enter narrows.
export function Bars({ bars, choose }: { bars: Bar[]; choose: (b: Bar) => void }) {
  const t = useSay();
  const { zone } = usePreferences();
  const { token } = theme.useToken();
  const [at, setAt] = useState(0);
  const row = useRef<HTMLDivElement>(null);
  const most = Math.max(1, ...bars.map((b) => b.n));
  const go = (to: number) => {
    const next = Math.max(0, Math.min(bars.length - 1, to));
    setAt(next);
    (row.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  const height = (n: number) => `${n === 0 ? 0 : Math.max(3, (n / most) * 100)}%`;
  const ends = [bars[0]?.start, bars.at(-1)?.end].filter((x) => x !== undefined);
  return (
    <>
      <div className="bars" ref={row} role="group" aria-label={t.chart}>
        {bars.map((b, i) => (
          <button
            key={b.start}
            type="button"
            className="bar"
            tabIndex={i === Math.min(at, bars.length - 1) ? 0 : -1}
            aria-label={t.bar(stamp(new Date(b.start), zone), stamp(new Date(b.end), zone), b.n, b.refused)}
            title={`${stamp(new Date(b.start), zone).slice(0, 19)} – ${stamp(new Date(b.end), zone).slice(11)}: ${b.n}${b.refused ? ` (${t.refused} ${b.refused})` : ''}`}
            onClick={() => choose(b)}
            onKeyDown={(e) => (e.key === 'ArrowRight' ? go(i + 1) : e.key === 'ArrowLeft' ? go(i - 1) : e.key === 'Home' ? go(0) : e.key === 'End' ? go(bars.length - 1) : undefined)}
          >
            <span style={{ height: height(b.refused), background: striped(token.colorError, token.colorBgContainer) }} />
            <span style={{ height: height(b.n - b.refused), background: token.colorPrimary }} />
          </button>
        ))}
      </div>
      <div className="bars-axis" style={{ borderTop: `1px solid ${token.colorBorder}` }}>
        {ends.map((e) => (
          <span key={e}>{stamp(new Date(e), zone)}</span>
        ))}
      </div>
    </>
  );
}
