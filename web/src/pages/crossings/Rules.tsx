// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { UnlockOutlined } from '@ant-design/icons';
import { Alert, Table, Typography } from 'antd';
import { Link } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { useMay } from '../../session/session';
import { Facts } from '../../parts/Facts';
import { Id } from '../../parts/Id';
import { Section } from '../../parts/Section';
import { useWords, wordOf } from '../evidence/search/text';
import '../evidence/evidence.css';
import { useText } from './text';
import type { Hop } from './way';

type Decided = Schemas['EvidenceDecided'];

// Rules are what decided at each judge, once the sealed details are open. Only audit
// opens them: of others the center would not take the call.
export function Rules({ hops, open, busy }: { hops: Hop[]; open: () => void; busy: boolean }) {
  const t = useText();
  const may = useMay();
  const opened = hops.some((h) => h.decided);
  const closed = [...new Set(hops.map((h) => h.closed).filter((c) => c !== undefined))];
  return (
    <Section title={t.rules}>
      {!opened && (
        <Alert
          type="info"
          showIcon
          title={`${t.rulesSealed} ${may('read-detail') ? t.rulesRecorded : t.rulesAudit}`}
          action={
            <Act call="read-detail" icon={<UnlockOutlined />} loading={busy} onClick={open}>
              {t.rulesOpen}
            </Act>
          }
        />
      )}
      {closed.map((c) => (
        <Alert key={c} type="warning" showIcon title={`${t.closed} ${c}`} />
      ))}
      {opened && <Opened hops={hops.filter((h) => h.decided)} />}
    </Section>
  );
}

function Opened({ hops }: { hops: Hop[] }) {
  const t = useText();
  const words = useWords();
  const rows = hops.flatMap((h) => (h.decided?.reasons ?? []).map((r, i) => ({ key: `${h.log}/${h.index}/${i}`, log: h.log, ...r })));
  const headers = hops.flatMap((h) => (h.decided?.header?.content ? [h.decided] : []));
  const versions = [...new Set(hops.map((h) => h.decided?.bundle ?? 0))];
  return (
    <div className="stack">
      <Table
        size="small"
        pagination={false}
        aria-label={t.rules}
        scroll={{ x: 'max-content' }}
        dataSource={rows}
        columns={[
          { title: t.who, dataIndex: 'log' },
          { title: t.rule, dataIndex: 'rule', render: (v: string) => <code>{v}</code> },
          { title: t.code, dataIndex: 'code', render: (v: string) => v && <span title={v}>{wordOf(words, 'reason', v)}</span> },
          { title: t.found, dataIndex: 'what', render: (v: string) => <span className="wrap-anywhere">{v}</span> },
        ]}
      />
      {versions.map((v) => (
        <Approved key={v} version={v} />
      ))}
      {unlike(headers).map((d) => (
        <Content key={d.header?.kind} decided={d} />
      ))}
    </div>
  );
}

// unlike leaves out what another judge has recorded just so.
function unlike(list: Decided[]): Decided[] {
  return list.filter((d, i) => list.findIndex((o) => o.header?.kind === d.header?.kind) === i);
}

// Approved leads to the publication of the policy version that decided.
function Approved({ version }: { version: number }) {
  const t = useText();
  const list = api.useQuery('get', '/api/policies', { params: { query: { limit: 500 } } });
  const publication = list.data?.items?.find((p) => p.version === version || p.returnVersion === version);
  return (
    <div>
      {t.policy}: {publication ? <Link to={`/policy/publications/${publication.id}`}>{`${t.version(version)} · ${publication.title}`}</Link> : t.version(version)}{' '}
      {publication && t.madeBy(publication.authorName)}
      {!publication && list.isSuccess && `(${t.notPublished})`}
    </div>
  );
}

function Content({ decided }: { decided: Decided }) {
  const t = useText();
  const h = decided.header;
  if (!h) return null;
  return (
    <div>
      <Typography.Text strong>
        {t.content}: {t.kinds[h.kind] ?? h.kind}
      </Typography.Text>
      <Facts
        of={[
          [t.zones, `${h.from} → ${h.to}`],
          [t.path, `${h.source} → ${h.destination}`],
          [t.size, h.body_size],
          [t.root, h.body_root && h.body_size ? <Id value={h.body_root} /> : undefined],
        ]}
      />
      <pre className="pre mono recorded">{JSON.stringify(h.content, null, 2)}</pre>
    </div>
  );
}
