// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Table, type TableColumnsType } from 'antd';
import { Link } from 'react-router';
import { Id } from '../../parts/Id';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { ProofMark } from '../../proof/ProofPanel';
import { nameOf, type Result } from '../../proof/useProofs';
import { addressOf, keyOf, toneOf } from '../evidence/columns';
import { useWords, wordOf } from '../evidence/search/text';
import { useText } from './text';
import type { Hop } from './way';

// Hops is what each part recorded, in order of time.
export function Hops({ hops, results }: { hops: Hop[]; results: ReadonlyMap<string, Result> }) {
  const t = useText();
  const words = useWords();
  const columns: TableColumnsType<Hop> = [
    { title: t.time, key: 'time', render: (_, h) => <Time at={h.time} millis /> },
    { title: t.who, key: 'who', render: (_, h) => <Link to={addressOf(h)}>{`${h.log} ${h.index}`}</Link> },
    { title: words.fields.class, key: 'class', render: (_, h) => <span title={h.class}>{wordOf(words, 'class', h.class)}</span> },
    {
      title: words.fields.verdict,
      key: 'verdict',
      render: (_, h) => h.verdict && <span title={h.verdict}><Mark tone={toneOf(h.verdict)}>{wordOf(words, 'verdict', h.verdict)}</Mark></span>,
    },
    { title: words.fields.reason, key: 'reason', render: (_, h) => h.reason && <span title={h.reason}>{wordOf(words, 'reason', h.reason)}</span> },
    { title: words.fields.level, key: 'level', render: (_, h) => h.level },
    { title: t.digest, key: 'digest', render: (_, h) => h.digest && <Id value={h.digest} length={8} /> },
    { title: t.proof, key: 'proof', render: (_, h) => <ProofMark result={results.get(nameOf(h))} /> },
  ];
  return (
    <Table<Hop>
      size="small"
      pagination={false}
      aria-label={t.hops}
      scroll={{ x: 'max-content' }}
      dataSource={hops}
      rowKey={keyOf}
      columns={columns}
      onRow={(h) => ({ 'data-log': h.log, tabIndex: -1 }) as object}
    />
  );
}
