// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Spin } from 'antd';
import { useParams, Link } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { Facts } from '../../parts/Facts';
import { Id } from '../../parts/Id';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import './accounts.css';
import { AccountActs } from './AccountActs';
import { AccountState, DutyName } from './marks';
import { useText } from './text';

// Account is one account: what it is, and what can be done to it.
export default function Account() {
  const t = useText();
  const id = useParams().id ?? '';
  const answer = api.useQuery('get', '/api/accounts/{account}', { params: { path: { account: id } } });
  if (answer.isPending) return <Spin className="waiting" />;
  if (!answer.data) return <ProblemView error={answer.error} retry={() => void answer.refetch()} />;
  const account = answer.data;
  const actions = (
    <>
      <Link to="/accounts">{t.one.back}</Link>
      <AccountActs account={account} />
    </>
  );
  return (
    <Page title={account.person} lead={account.duty ? <DutyName duty={account.duty} /> : t.one.noDuty} actions={actions}>
      <div className="stack">
        <Waits account={account} />
        <AccountFacts account={account} />
      </div>
    </Page>
  );
}

function Waits({ account }: { account: Schemas['Account'] }) {
  const t = useText();
  if (account.state !== 'invited') return null;
  return <Alert type="info" showIcon title={account.duty ? t.one.waitsPerson : t.one.waitsGrant} />;
}

function AccountFacts({ account: a }: { account: Schemas['Account'] }) {
  const t = useText();
  // An account that a link made has no other account behind it.
  const by = (who: string) => ({ 'first link': t.one.firstLink, 'recover link': t.one.recoverLink })[who] ?? who;
  const created = (
    <>
      <Time at={a.created} /> {t.one.by(by(a.createdBy))}
    </>
  );
  return (
    <Facts
      of={[
        [t.one.name, a.name],
        [t.one.person, a.person],
        [t.one.duty, <DutyName key="duty" duty={a.duty} />],
        [t.one.state, <AccountState key="state" account={a} />],
        [t.one.created, created],
        [t.one.granted, a.grantedBy && by(a.grantedBy)],
        [t.one.redeemed, <Time key="redeemed" at={a.redeemed} />],
        [t.one.password, a.state !== 'disabled' && a.passwordUntil && <Time at={a.passwordUntil} />],
        [t.one.locked, a.lockedUntil && <Time at={a.lockedUntil} />],
        [t.one.key, a.approverKey && <Id value={a.approverKey} length={20} />],
        [t.one.zone, a.timeZone],
        [t.one.language, a.language && { zh: '中文', en: 'English' }[a.language]],
      ]}
    />
  );
}
