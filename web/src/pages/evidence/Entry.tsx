// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { FlagOutlined, SwapOutlined, UnlockOutlined } from '@ant-design/icons';
import { Alert, Skeleton, Space } from 'antd';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { Facts } from '../../parts/Facts';
import { Id } from '../../parts/Id';
import { Mark } from '../../parts/Mark';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { ProofPanel, ProofResult, SaveProof } from '../../proof/ProofPanel';
import { nameOf, useProofs } from '../../proof/useProofs';
import { useMay } from '../../session/session';
import { toneOf } from './columns';
import { LabelFacts, useEntry } from './LabelFacts';
import { useSay, useWords, wordOf } from './search/text';
import { Section } from '../../parts/Section';
import './evidence.css';
import { useText } from './text';

type Read = Schemas['EvidenceEntry'];

// Entry is one audit entry with all that is known of it.
export default function Entry() {
  const { log = '', index = '' } = useParams();
  return <OfLog key={`${log}/${index}`} log={log} index={Number(index)} />;
}

function OfLog({ log, index }: { log: string; index: number }) {
  const t = useText();
  const entry = useEntry(log, index);
  return (
    <Page title={t.entryTitle(log, String(index))} lead={t.entryLead} actions={entry.data && <Space wrap size="middle"><Actions entry={entry.data} /></Space>}>
      {entry.error ? <ProblemView error={entry.error} retry={() => void entry.refetch()} /> : entry.data ? <Told entry={entry.data} /> : <Skeleton active />}
    </Page>
  );
}

function Actions({ entry }: { entry: Read }) {
  const t = useText();
  const may = useMay();
  return (
    <>
      {entry.parcel && may('show-crossing') && (
        <Link to={`/crossings/${entry.parcel}`}>
          <SwapOutlined /> {t.whole}
        </Link>
      )}
      <Act call="open-finding" icon={<FlagOutlined />} href={`#/findings?log=${encodeURIComponent(entry.log)}&index=${entry.index}`}>
        {t.openFinding}
      </Act>
    </>
  );
}

function Told({ entry }: { entry: Read }) {
  const t = useText();
  const proofs = useProofs();
  const result = proofs.results.get(nameOf(entry));
  return (
    <>
      <What entry={entry} />
      <Section title={t.place}>
        <Facts
          of={[
            [t.leafHash, <Id value={entry.leaf_hash} length={44} />],
            [t.commitment, <Id value={entry.commitment} />],
            [t.sealedWith, entry.sealed && <code>{entry.sealed}</code>],
          ]}
        />
        <div className="proof-at">
          <ProofPanel entries={[entry]} proofs={proofs} />
          <SaveProof entry={entry} />
          {result && <ProofResult result={result} />}
        </div>
      </Section>
      {(entry.label || entry.class === 'decision') && (
        <Section title={t.label}>
          <LabelFacts label={entry.label} />
        </Section>
      )}
      <Detail entry={entry} />
    </>
  );
}

function What({ entry: e }: { entry: Read }) {
  const t = useText();
  const say = useSay();
  const words = useWords();
  const may = useMay();
  const word = (field: string, value: string | undefined) => value && <span title={value}>{wordOf(words, field, value)}</span>;
  const name = (field: string) => words.fields[field] ?? field;
  return (
    <Facts
      columns={3}
      of={[
        [t.time, <Time at={e.time} millis />],
        [name('log'), `${e.log} ${e.index}`],
        [name('class'), word('class', e.class)],
        [name('verdict'), e.verdict && <span title={e.verdict}><Mark tone={toneOf(e.verdict)}>{wordOf(words, 'verdict', e.verdict)}</Mark></span>],
        [name('reason'), word('reason', e.reason)],
        [name('flow'), e.flow],
        [name('subject'), e.subject],
        [name('action'), e.action],
        [name('object'), e.object],
        [name('level'), e.level],
        [name('integrity'), e.integrity],
        [name('protocol'), word('protocol', e.protocol)],
        [name('purpose'), e.purpose],
        [name('address'), e.address],
        [say.parcel, e.parcel && <Id value={e.parcel} length={32} {...(may('show-crossing') ? { to: `/crossings/${e.parcel}` } : {})} />],
      ]}
    />
  );
}

// Detail is opened by audit on demand, which is recorded: it says so before.
function Detail({ entry }: { entry: Read }) {
  const t = useText();
  const may = useMay();
  const [busy, act] = useAct();
  const [opened, setOpened] = useState<Read | null>(null);
  const open = () =>
    act(async () => {
      const { data } = await client.GET('/api/evidence/{log}/{index}/detail', { params: { path: { log: entry.log, index: entry.index } } });
      setOpened(data ?? null);
    });
  if (opened === null) {
    const why = entry.class === 'decision' ? `${t.detailSealed} ` : '';
    return (
      <Section title={t.detail}>
        <Alert
          type="info"
          showIcon
          title={`${why}${may('read-detail') ? t.detailRecorded : t.detailAuditOnly}`}
          action={
            <Act call="read-detail" icon={<UnlockOutlined />} loading={busy} onClick={() => void open()}>
              {t.openDetail}
            </Act>
          }
        />
      </Section>
    );
  }
  return (
    <Section title={t.detail}>
      {opened.decision && <Decision decision={opened.decision} />}
      {opened.detail ? <pre className="pre mono recorded" aria-label={t.opened}>{opened.detail}</pre> : <Alert type="info" title={t.noDetail} />}
    </Section>
  );
}

function Decision({ decision }: { decision: Schemas['EvidenceDecided'] }) {
  const words = useWords();
  const t = useText();
  return (
    <>
      <p>{t.byVersion(decision.bundle)}</p>
      <ul>
        {(decision.reasons ?? []).map((r, i) => (
          <li key={i}>
            <code>{r.rule}</code>: {r.code && `${wordOf(words, 'reason', r.code)} · `}
            {r.what}
          </li>
        ))}
      </ul>
      {decision.header?.content && <pre className="pre mono recorded">{JSON.stringify(decision.header.content, null, 2)}</pre>}
    </>
  );
}
