// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { ReloadOutlined } from '@ant-design/icons';
import { Button, Tooltip } from 'antd';
import { Time } from '../../../parts/Time';
import type { Rows } from './rows';
import { useSay } from './text';

// ListHead says how many new rows wait above a list, and lets them in.
export function ListHead({ rows, release, again }: { rows: Rows<unknown> | null; release: () => void; again: () => void }) {
  const t = useSay();
  const n = rows?.waiting ?? 0;
  return (
    <div className="list-head">
      <Tooltip title={t.refresh}>
        <Button size="small" icon={<ReloadOutlined />} aria-label={t.refresh} onClick={again} />
      </Tooltip>
      <span role="status">
        {n > 0 && (
          <Button size="small" type="primary" onClick={release}>
            ↑ {t.fresh(n, rows?.gap ?? false)}
          </Button>
        )}
      </span>
    </div>
  );
}

// Reached says how far back a search has looked, and goes on where it stopped before the
// begin of its window.
export function Reached({ rows, more, busy }: { rows: Rows<unknown> | null; more: (() => void) | undefined; busy: boolean }) {
  const t = useSay();
  if (rows?.back === undefined) return null;
  return (
    <p className="reached">
      {!more ? t.reached : rows.short ? `▲ ${t.notReached}` : t.shownBack} <Time at={rows.back} />
      {t.stop} {t.looked(rows.looked.toLocaleString())}{' '}
      {more && (
        <Button size="small" onClick={more} loading={busy}>
          {rows.short ? t.goOn : t.older}
        </Button>
      )}
    </p>
  );
}
