// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, type TableColumnsType } from 'antd';
import type { Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { Facts } from '../../parts/Facts';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { useMay } from '../../session/session';
import { useClasses } from './classes';
import { useText } from './exportsText';
import { Bytes } from './Tried';

type Target = Schemas['ExportTarget'];

interface RowActs {
  busy: boolean;
  switchTo: (x: Target, on: boolean) => Promise<void>;
  test: (x: Target) => Promise<void>;
  change: (x: Target) => void;
  skip: (x: Target) => void;
  remove: (x: Target) => void;
}

// useTargetColumns are the columns of the list of receivers.
export function useTargetColumns(acts: RowActs): TableColumnsType<Target> {
  const t = useText();
  const may = useMay();
  return [
    {
      title: t.name,
      dataIndex: 'name',
      render: (name: string, x) => (
        <>
          <strong>{name}</strong>
          <div className="mono">{x.address}</div>
        </>
      ),
    },
    { title: t.standing, key: 'standing', render: (_, x) => <Standing of={x} /> },
    { title: t.backlog, dataIndex: 'backlog', align: 'right' },
    { title: t.sent, dataIndex: 'sent', align: 'right' },
    { title: t.dropped, dataIndex: 'dropped', align: 'right', render: (n: number) => <span title={t.droppedHint}>{n}</span> },
    { title: t.lastSent, dataIndex: 'lastSent', render: (at?: string) => <Time at={at} /> },
    ...(may('change-export-target') ? [{ title: t.acts, key: 'acts', render: (_: unknown, x: Target) => <Acts of={x} {...acts} /> }] : []),
  ];
}

function Standing({ of: x }: { of: Target }) {
  const t = useText();
  if (!x.on) return <Mark tone="quiet">{t.off}</Mark>;
  if (x.failure) {
    return (
      <>
        <Mark tone="bad">{t.failing}</Mark>
        <div className="failure">{x.failure}</div>
      </>
    );
  }
  return x.connected ? <Mark tone="good">{t.connected}</Mark> : <Mark tone="quiet">{t.idle}</Mark>;
}

function Acts({ of: x, busy, switchTo, test, change, skip, remove }: { of: Target } & RowActs) {
  const t = useText();
  return (
    <div className="row-acts two-lines">
      <Act call="test-export-target" size="small" disabled={busy} aria-label={t.testOf(x.name)} onClick={() => void test(x)}>
        {t.test}
      </Act>
      <Act call="change-export-target" size="small" aria-label={t.changeOf(x.name)} onClick={() => change(x)}>
        {t.change}
      </Act>
      <Act call="change-export-target" size="small" aria-label={`${x.on ? t.switchOff : t.switchOn} ${x.name}`} onClick={() => void switchTo(x, !x.on)}>
        {x.on ? t.switchOff : t.switchOn}
      </Act>
      {x.backlog > 0 && (
        <Act call="skip-export-backlog" size="small" danger aria-label={t.skipTitle(x.name)} onClick={() => skip(x)}>
          {t.skip}
        </Act>
      )}
      <Act call="delete-export-target" size="small" danger aria-label={t.deleteTitle(x.name)} onClick={() => remove(x)}>
        {t.delete}
      </Act>
    </div>
  );
}

// TargetDetails are what the list has no room for, and the message that was sent last.
export function TargetDetails({ of: x }: { of: Target }) {
  const t = useText();
  const words = useClasses();
  const classes = (x.classes ?? []).map((c) => words.names[c] ?? c).join(', ');
  return (
    <div className="stack">
      {x.failure && <Alert type="warning" showIcon title={t.failure} description={x.failure} />}
      <Facts
        of={[
          [t.form, t.forms[x.form] ?? x.form],
          [t.framing, t.framings[x.framing]],
          [t.serverName, x.serverName],
          [t.ca, x.ca],
          [t.certificate, x.certificate],
          [t.key, x.key],
          [t.classes, classes || t.allClasses],
        ]}
      />
      {x.last ? <Bytes label={t.last} text={x.last} /> : <p>{t.noneYet}</p>}
    </div>
  );
}
