// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { App, Space, type TableProps } from 'antd';
import { useState } from 'react';
import { api, client, type Schemas } from '../../api/client';
import type { Duty } from '../../api/calls';
import { Act } from '../../parts/Act';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { usePerson } from '../../session/session';
import { useNames } from '../../shell/names';
import { AskRecovery } from './AskRecovery';
import { ConfirmRecovery } from './ConfirmRecovery';
import { DutyName } from './marks';
import { useText } from './text';
import { Told } from './Told';
import { useReadAnew } from './useReadAnew';

type One = Schemas['AccountRecovery'];

// Recoveries give a duty that has lost its accounts a new one, by the two others.
export function Recoveries() {
  const t = useText();
  const { duties } = useNames();
  const answer = api.useQuery('get', '/api/recoveries', {});
  const [asking, setAsking] = useState(false);
  const [asked, setAsked] = useState<Schemas['RecoveryAsked'] | null>(null);
  const [confirming, setConfirming] = useState<One | null>(null);
  return (
    <section className="section" aria-labelledby="recoveries">
      <div className="section-head">
        <div>
          <h2 id="recoveries">{t.recovery.title}</h2>
          <p>{t.recovery.lead}</p>
        </div>
        <Act call="ask-recovery" onClick={() => setAsking(true)}>
          {t.recovery.ask}
        </Act>
      </div>
      {answer.data?.items?.length === 0 ? (
        <p>{t.recovery.none}</p>
      ) : (
        <List<One>
          label={t.recovery.label}
          rowKey="duty"
          columns={useColumns(setConfirming)}
          items={answer.data?.items}
          pending={answer.isPending}
          error={answer.error}
          again={() => void answer.refetch()}
          empty={t.recovery.none}
        />
      )}
      <AskRecovery open={asking} onLeave={() => setAsking(false)} onAsked={(r) => (setAsking(false), setAsked(r))} />
      <ConfirmRecovery of={confirming} onLeave={() => setConfirming(null)} />
      <Told
        open={asked !== null}
        title={t.recovery.codeTitle(duties[asked?.recovery.duty as Duty] ?? '')}
        secret={asked?.code ?? ''}
        onClose={() => setAsked(null)}
      >
        <div>{t.recovery.codeTell}</div>
      </Told>
    </section>
  );
}

function useColumns(onConfirm: (r: One) => void): TableProps<One>['columns'] {
  const t = useText();
  const { duty } = usePerson();
  return [
    { title: t.list.duty, key: 'duty', render: (_, r) => <DutyName duty={r.duty} /> },
    { title: t.recovery.reason, key: 'reason', render: (_, r) => <div className="reason">{r.reason}</div> },
    {
      title: t.recovery.asked,
      key: 'asked',
      render: (_, r) => (
        <>
          {r.askedBy} · <DutyName duty={r.askedDuty} />
          <br />
          <Time at={r.created} />
        </>
      ),
    },
    {
      title: t.recovery.state,
      key: 'state',
      render: (_, r) => (
        <>
          {r.confirmedBy ? <Mark tone="warn">{t.recovery.confirmedBy(r.confirmedBy)}</Mark> : <Mark tone="busy">{t.recovery.waits}</Mark>}
          <br />
          {t.recovery.until} <Time at={r.expires} />
        </>
      ),
    },
    { title: t.recovery.ends, key: 'ends', render: (_, r) => (r.ends ?? []).join(', ') || t.recovery.nobody },
    {
      title: t.recovery.act,
      key: 'act',
      render: (_, r) => (
        <Space orientation="vertical" size={4}>
          {/* Whom the center would refuse anyway is not led into it. */}
          {!r.confirmedBy && duty !== r.duty && duty !== r.askedDuty && (
            <Act call="confirm-recovery" size="small" danger onClick={() => onConfirm(r)}>
              {t.recovery.confirm}
            </Act>
          )}
          <Withdraw duty={r.duty as Duty} />
        </Space>
      ),
    },
  ];
}

function Withdraw({ duty }: { duty: Duty }) {
  const t = useText();
  const { modal } = App.useApp();
  const [busy, act] = useAct();
  const readAnew = useReadAnew();
  const withdraw = () =>
    act(async () => {
      await client.DELETE('/api/recoveries/{duty}', { params: { path: { duty } } });
      await readAnew('/api/recoveries', '/api/inbox');
    }, t.recovery.withdrawn);
  const ask = () =>
    modal.confirm({ title: t.recovery.withdrawTitle, content: t.recovery.withdrawLead, okText: t.recovery.withdraw, cancelText: t.cancel, onOk: withdraw });
  return (
    <Act call="withdraw-recovery" size="small" loading={busy} onClick={() => void ask()}>
      {t.recovery.withdraw}
    </Act>
  );
}
