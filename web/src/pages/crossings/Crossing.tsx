// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { CopyOutlined, FileSearchOutlined } from '@ant-design/icons';
import { Alert, App, Button, Collapse, Skeleton } from 'antd';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { problemOf } from '../../api/problem';
import { Facts } from '../../parts/Facts';
import { Id } from '../../parts/Id';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import { ProofPanel } from '../../proof/ProofPanel';
import { useProofs } from '../../proof/useProofs';
import { useMay } from '../../session/session';
import { LabelOf } from '../evidence/LabelFacts';
import { Section } from '../../parts/Section';
import { useWords } from '../evidence/search/text';
import { Hops } from './Hops';
import { Rules } from './Rules';
import { StateMark, useSentence } from './State';
import '../evidence/evidence.css';
import { useText } from './text';
import { type Hop, pathOf, wayOf } from './way';
import { WayPicture } from './WayPicture';

// Crossing is what became of one parcel.
export default function Crossing() {
  const { parcel = '' } = useParams();
  return <OfParcel key={parcel} parcel={parcel} />;
}

function OfParcel({ parcel }: { parcel: string }) {
  const t = useText();
  const [details, setDetails] = useState(false);
  const query = details ? { details } : {};
  // Opened details are recorded each time, so they are not read anew by themselves.
  const crossing = api.useQuery('get', '/api/crossings/{parcel}', { params: { path: { parcel }, query } }, { meta: { still: true }, placeholderData: (before) => before });
  const actions = [<CopyLink key="copy" />, <EntriesLink key="entries" parcel={parcel} />];
  return (
    <Page title={t.of(`${parcel.slice(0, 12)}…`)} actions={actions}>
      {crossing.error ? (
        <>
          <ProblemView error={crossing.error} retry={() => void crossing.refetch()} />
          {problemOf(crossing.error).status === 404 && <p>{t.notFound}</p>}
        </>
      ) : crossing.data ? (
        <Told crossing={crossing.data} open={() => setDetails(true)} busy={crossing.isFetching} />
      ) : (
        <Skeleton active />
      )}
    </Page>
  );
}

function Told({ crossing, open, busy }: { crossing: Schemas['EvidenceCrossing']; open: () => void; busy: boolean }) {
  const t = useText();
  const say = useSentence();
  const may = useMay();
  const proofs = useProofs();
  const hops = crossing.hops ?? [];
  return (
    <>
      <div className="state-line">
        <StateMark state={crossing.state} />
        <p>{say(crossing)}</p>
      </div>
      {crossing.more && <Alert type="info" title={t.more} />}
      <About crossing={crossing} hops={hops} />
      <Path hops={hops} />
      <Section title={t.hops} lead={may('read-detail') ? t.hopsLead : `${t.hopsLead} ${t.only}`}>
        <Hops hops={hops} results={proofs.results} />
      </Section>
      <Section title={t.proofs}>
        <ProofPanel entries={hops} proofs={proofs} />
      </Section>
      <Rules hops={hops.filter((h) => h.class === 'decision')} open={open} busy={busy} />
      <Labels hops={hops} />
    </>
  );
}

function About({ crossing, hops }: { crossing: Schemas['EvidenceCrossing']; hops: Hop[] }) {
  const t = useText();
  const words = useWords();
  const of = (name: 'flow' | 'subject' | 'object' | 'action' | 'purpose' | 'level') => hops.find((h) => h[name])?.[name];
  return (
    <Facts
      columns={3}
      of={[
        [t.parcel, <Id value={crossing.parcel} length={32} />],
        [words.fields.flow ?? '', of('flow')],
        [t.time, <Time at={hops[0]?.time} millis />],
        [words.fields.subject ?? '', of('subject')],
        [words.fields.action ?? '', of('action')],
        [words.fields.object ?? '', of('object')],
        [words.fields.purpose ?? '', of('purpose')],
        [words.fields.level ?? '', of('level')],
      ]}
    />
  );
}

function Path({ hops }: { hops: Hop[] }) {
  const t = useText();
  const overview = api.useQuery('get', '/api/overview', {}, { meta: { still: true } });
  if (overview.isPending) return <Skeleton active />;
  const { path, known } = pathOf(hops, overview.data?.flows);
  const roles = new Map((overview.data?.components ?? []).map((c) => [c.id, c.role]));
  const go = (component: string) => {
    const row = document.querySelector<HTMLElement>(`tr[data-log="${CSS.escape(component)}"]`);
    row?.scrollIntoView({ block: 'center' });
    row?.focus();
  };
  return (
    <Section title={t.path}>{known ? <WayPicture way={wayOf(hops, path)} roles={roles} go={go} /> : <Alert type="info" title={t.noPath} />}</Section>
  );
}

// Labels shows the label of each header that judges have seen, when it is opened.
function Labels({ hops }: { hops: Hop[] }) {
  const t = useText();
  const judged = hops.filter((h) => h.digest);
  const digests = [...new Set(judged.map((h) => h.digest))];
  const items = digests.flatMap((digest, i) => {
    const h = judged.find((x) => x.digest === digest);
    const title = i === 0 ? t.labelThere : t.labelBack;
    return h ? [{ key: digest ?? '', label: `${title} · ${h.log} ${h.index}`, children: <LabelOf log={h.log} index={h.index} /> }] : [];
  });
  if (items.length === 0) return null;
  return (
    <Section title={t.label}>
      <Collapse size="small" items={items} />
    </Section>
  );
}

function CopyLink() {
  const t = useText();
  const { message } = App.useApp();
  const copy = () => void navigator.clipboard?.writeText(window.location.href).then(() => message.success(t.copied));
  return (
    <Button icon={<CopyOutlined />} onClick={copy}>
      {t.copyLink}
    </Button>
  );
}

function EntriesLink({ parcel }: { parcel: string }) {
  const t = useText();
  const may = useMay();
  if (!may('find-entries')) return null;
  return (
    <Link to={`/evidence?parcel=${parcel}&from=1970-01-01T00:00:00Z`}>
      <FileSearchOutlined /> {t.entries}
    </Link>
  );
}
