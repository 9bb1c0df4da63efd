// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Spin } from 'antd';
import { Link, useParams } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { useLanguage } from '../../language/texts';
import { Facts } from '../../parts/Facts';
import { Id } from '../../parts/Id';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { ago, Time } from '../../parts/Time';
import { useNames } from '../../shell/names';
import { Decision } from './Decision';
import { Difference } from './Difference';
import { Outcome } from './Outcome';
import { StateMark } from './StateMark';
import { type Kind, useText } from './text';
import { useTitle } from './title';
import { Votes } from './Votes';

const moving = ['approved', 'doing'];

export default function Proposal() {
  const t = useText();
  const title = useTitle();
  const { id = '' } = useParams();
  const answer = api.useQuery('get', '/api/proposals/{id}', { params: { path: { id } } }, { refetchInterval: (q) => (moving.includes(q.state.data?.state ?? '') ? 1500 : false) });
  const p = answer.data;
  return (
    <Page title={p ? title(p) : t.title} actions={<Link to="/proposals">{t.back}</Link>}>
      {answer.isPending && <Spin className="waiting" />}
      {answer.error && <ProblemView error={answer.error} retry={() => void answer.refetch()} />}
      {p && (
        <div className="stack">
          <Decision of={p} again={() => void answer.refetch()} />
          <Outcome of={p} />
          <What of={p} />
          <h2 className="proposal-head">{t.difference}</h2>
          {p.difference ? (
            <>
              <div className="proposal-lead">{t.differenceLead}</div>
              <Difference of={p.difference} policy={p.kind === 'publish-policy'} />
            </>
          ) : (
            <div>{t.noDifference}</div>
          )}
          <h2 className="proposal-head">{t.votes}</h2>
          <Votes of={p} />
        </div>
      )}
    </Page>
  );
}

// What are the facts of a proposal.
function What({ of: p }: { of: Schemas['Proposal'] }) {
  const t = useText();
  const names = useNames();
  const language = useLanguage();
  const left = p.state === 'open' ? t.facts.left(ago(new Date(p.expires), language)) : '';
  return (
    <Facts
      of={[
        [t.facts.kind, <span title={p.kind}>{t.kinds[p.kind as Kind] ?? p.kind}</span>],
        [t.facts.state, <StateMark state={p.state} />],
        [t.facts.by, p.proposerName],
        [t.facts.duty, names.duties[p.duty as 'system'] ?? p.duty],
        [t.facts.created, <Time at={p.created} />],
        [p.state === 'open' ? t.facts.expires : t.facts.changed, <TimeLeft at={p.state === 'open' ? p.expires : p.changed} left={left} />],
        [t.facts.due, p.due && <Time at={p.due} />],
        [t.facts.digest, <span title={t.facts.digestHint}><Id value={p.digest} length={16} /></span>],
        [t.facts.reason, p.reason === '' ? t.facts.noReason : <span className="pre">{p.reason}</span>],
      ]}
    />
  );
}

function TimeLeft({ at, left }: { at: string; left: string }) {
  return (
    <>
      <Time at={at} /> {left}
    </>
  );
}
