// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Skeleton, Timeline } from 'antd';
import { Link, useParams } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { Facts } from '../../parts/Facts';
import { Id } from '../../parts/Id';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import { useMay } from '../../session/session';
import { useTitle } from '../proposals/title';
import { Decide } from './Decide';
import { Seen } from './Difference';
import { OutcomeOf } from './OutcomeOf';
import { PublicationState, usePublicationMeaning } from './states';
import { clock, useForce, useSecondsTo } from './useForce';
import { useProposalOf } from './useProposalOf';

const useText = texts(
  {
    title: (v: number | string) => `Publication of version ${v}`,
    version: 'Version',
    state: 'State',
    name: 'Title',
    draft: 'Draft',
    revision: (n: number) => `at revision ${n}`,
    base: 'In force when it was made',
    none: 'nothing',
    digest: 'Digest of the bundle',
    back: 'Version that puts back what was',
    backDigest: 'Digest of that',
    within: 'To be confirmed within',
    minutes: (n: number) => `${n} minutes`,
    result: 'What became of it',
    left: 'goes back by itself in',
    course: 'What happened',
    prepared: (who: string) => `${who} had the bundles made`,
    proposed: (who: string) => `${who} proposed it, with a signature`,
    yes: (who: string) => `${who} approved it, with a signature`,
    no: (who: string) => `${who} refused it`,
    due: 'comes into force not before this time',
    deadline: 'until then it is confirmed, or it goes back',
    proposal: 'The proposal',
    difference: 'What both persons were shown',
    now: 'What it changes in what is in force now',
    waitsFor: 'It is prepared and not proposed. Propose it at its draft, tab “Publish”.',
  },
  {
    title: (v: number | string) => `版本 ${v} 的发布`,
    version: '版本',
    state: '状态',
    name: '标题',
    draft: '草稿',
    revision: (n: number) => `修订 ${n}`,
    base: '生成时的生效版本',
    none: '无',
    digest: '策略包摘要',
    back: '回退版本',
    backDigest: '回退包摘要',
    within: '确认时限',
    minutes: (n: number) => `${n} 分钟`,
    result: '结果',
    left: '自动回退倒计时',
    course: '经过',
    prepared: (who: string) => `${who} 生成了策略包`,
    proposed: (who: string) => `${who} 签名并提议发布`,
    yes: (who: string) => `${who} 签名批准`,
    no: (who: string) => `${who} 拒绝`,
    due: '不早于此时生效',
    deadline: '在此之前确认，否则回退',
    proposal: '提议',
    difference: '两人所见的差异',
    now: '与当前生效策略的差异',
    waitsFor: '已生成但尚未提议。请在其草稿的“发布”页提议。',
  },
);

type Of = Schemas['DraftPublication'];

export default function Publication() {
  const t = useText();
  const means = usePublicationMeaning();
  const { id = '' } = useParams();
  const answer = api.useQuery('get', '/api/policies/{id}', { params: { path: { id } } });
  const p = answer.data;
  const { data } = useForce();
  const seconds = useSecondsTo(p?.state === 'unconfirmed' ? p.deadline : undefined, data?.skew ?? 0);
  const proposal = useProposalOf(p);
  return (
    <Page title={t.title(p?.version ?? '')} lead={p && means(p.state)} actions={p && <Decide of={p} />}>
      {answer.error && <ProblemView error={answer.error} retry={() => void answer.refetch()} />}
      {answer.isPending && <Skeleton active />}
      {p && (
        <>
          {seconds !== null && (
            <Alert
              type="warning"
              showIcon
              title={
                <>
                  {t.left} <strong className="mono clock">{clock(seconds)}</strong>
                </>
              }
            />
          )}
          {p.state === 'prepared' && !proposal && <Alert type="info" showIcon title={t.waitsFor} />}
          <div className="policy-block">
            <PublicationFacts of={p} />
          </div>
          <Course of={p} proposal={proposal} />
          <Shown of={p} proposal={proposal} />
        </>
      )}
    </Page>
  );
}

function PublicationFacts({ of: p }: { of: Of }) {
  const t = useText();
  const may = useMay();
  return (
    <Facts
      of={[
        [t.name, p.title],
        [t.state, <PublicationState key="s" state={p.state} />],
        [t.version, p.version],
        [t.base, p.base || t.none],
        [
          t.draft,
          <span key="d">
            <Id value={p.draft} to={may('show-draft') ? `/policy/drafts/${p.draft}` : undefined} /> {t.revision(p.draftRevision)}
          </span>,
        ],
        [t.within, t.minutes(p.confirmWithin)],
        [t.digest, <Id key="g" value={p.digest} length={24} />],
        [t.back, p.returnVersion],
        [t.backDigest, p.returnDigest && <Id value={p.returnDigest} length={24} />],
        [t.result, (p.outcome || p.result) && <OutcomeOf key="o" of={p} />],
      ]}
    />
  );
}

// Course is what happened, in its order.
function Course({ of: p, proposal }: { of: Of; proposal: Schemas['Proposal'] | undefined }) {
  const t = useText();
  const title = useTitle();
  const items: { key: string; at: string; said: React.ReactNode }[] = [{ key: 'prepared', at: p.created, said: t.prepared(p.authorName) }];
  for (const v of proposal?.votes ?? []) {
    const own = v.account === proposal!.proposer;
    items.push({ key: v.account, at: v.at, said: `${own ? t.proposed(v.name) : v.yes ? t.yes(v.name) : t.no(v.name)}${v.reason ? `: ${v.reason}` : ''}` });
  }
  if (proposal?.due && Date.parse(proposal.due) > 0) items.push({ key: 'due', at: proposal.due, said: t.due });
  if (p.state !== 'prepared') items.push({ key: 'state', at: p.since, said: <PublicationState state={p.state} /> });
  if (p.state === 'unconfirmed' && p.deadline) items.push({ key: 'deadline', at: p.deadline, said: t.deadline });
  return (
    <section className="policy-block">
      <h2>{t.course}</h2>
      {proposal && (
        <p>
          {t.proposal}: <Link to={`/proposals/${proposal.id}`}>{title(proposal)}</Link>
        </p>
      )}
      <Timeline
        items={items.map((i) => ({
          key: i.key,
          content: (
            <>
              <Time at={i.at} /> {i.said}
            </>
          ),
        }))}
      />
    </section>
  );
}

// Shown is the difference: what both persons saw where it was proposed, and else what it
// would change now.
function Shown({ of: p, proposal }: { of: Of; proposal: Schemas['Proposal'] | undefined }) {
  const t = useText();
  const may = useMay();
  const now = api.useQuery('get', '/api/policies/{id}/difference', { params: { path: { id: p.id } } }, { enabled: p.state === 'prepared' && may('compare-publication') });
  const text = proposal?.difference ?? now.data?.difference;
  if (text === undefined) return now.error ? <ProblemView error={now.error} /> : null;
  return (
    <section className="policy-block">
      <h2>{proposal?.difference === undefined ? t.now : t.difference}</h2>
      <Seen difference={text} />
    </section>
  );
}
