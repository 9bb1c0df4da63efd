// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { SafetyCertificateOutlined } from '@ant-design/icons';
import type { TableColumnsType } from 'antd';
import { useMemo } from 'react';
import { Link } from 'react-router';
import { api, client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Page } from '../../parts/Page';
import { useAct } from '../../parts/useAct';
import { ProofMark } from '../../proof/ProofPanel';
import { type Result, useProofs } from '../../proof/useProofs';
import { useNames } from '../../shell/names';
import { useText } from './text';

type Log = Schemas['EvidenceLogStatus'];

// Logs says how far each log is signed and can be searched.
export default function Logs() {
  const t = useText();
  const names = useNames();
  const logs = api.useQuery('get', '/api/evidence/logs', {}, { refetchInterval: 10_000 });
  const components = api.useQuery('get', '/api/components');
  const { results, busy, check } = useHeads();
  const audited = useMemo(() => new Map((components.data?.items ?? []).map((c) => [c.id, c.audit ?? (c.state === 'self' ? '' : undefined)])), [components.data]);
  const columns: TableColumnsType<Log> = [
    { title: t.log, key: 'log', render: (_, l) => <strong>{l.log}</strong> },
    { title: t.signed, key: 'signed', align: 'right', render: (_, l) => l.signed.toLocaleString() },
    { title: t.indexed, key: 'indexed', align: 'right', render: (_, l) => l.indexed.toLocaleString() },
    { title: t.behind, key: 'behind', render: (_, l) => <Behind log={l} /> },
    { title: t.standing, key: 'copy', render: (_, l) => <Copy audit={audited.get(l.log)} /> },
    { title: t.head, key: 'head', render: (_, l) => <Head log={l} result={results.get(l.log)} busy={busy} check={check} /> },
    { title: t.entry, key: 'find', render: (_, l) => <Link to={`/evidence?log=${encodeURIComponent(l.log)}`}>{t.find}</Link> },
  ];
  return (
    <Page title={names.pages.logs} lead={t.logsLead}>
      <List<Log> label={names.pages.logs} items={logs.data?.items} pending={logs.isPending} error={logs.error} again={() => void logs.refetch()} empty={t.noLogs} rowKey="log" columns={columns} />
    </Page>
  );
}

function Behind({ log }: { log: Log }) {
  const t = useText();
  if (log.error) return <Mark tone="bad">{log.error}</Mark>;
  const n = log.signed - log.indexed;
  return n > 0 ? <Mark tone="busy">{t.lag(n.toLocaleString())}</Mark> : <Mark tone="good">{t.current}</Mark>;
}

function Copy({ audit }: { audit: string | undefined }) {
  const t = useText();
  if (!audit) return <span>{audit === '' ? t.ownLog : '—'}</span>;
  return audit === 'proven' ? <Mark tone="good">{t.proven}</Mark> : <Mark tone="bad">{audit}</Mark>;
}

interface HeadProps {
  log: Log;
  result: Result | undefined;
  busy: boolean;
  check: (log: Log) => Promise<unknown>;
}

// Head has the newest entry of a log proven here: that shows who has signed the log as it
// is now, and which witness.
function Head({ log, result, busy, check }: HeadProps) {
  const t = useText();
  if (log.indexed === 0) return <span>{t.notYet}</span>;
  return (
    <>
      {result && <ProofMark result={result} />}{' '}
      <Act call="prove-entry" size="small" icon={<SafetyCertificateOutlined />} disabled={busy} onClick={() => void check(log)} aria-label={`${t.checkHead}: ${log.log}`}>
        {t.checkHead}
      </Act>
    </>
  );
}

// useHeads checks the newest entry of a log that the person may see.
function useHeads() {
  const proofs = useProofs();
  const [busy, act] = useAct();
  const check = (log: Log) =>
    act(async () => {
      const { data } = await client.GET('/api/evidence', { params: { query: { log: [log.log], limit: 1 } } });
      await proofs.check(data?.items ?? []);
    });
  const results = new Map([...proofs.results].map(([name, r]) => [name.slice(0, name.lastIndexOf('/')), r]));
  return { results, busy: busy || proofs.busy, check };
}
