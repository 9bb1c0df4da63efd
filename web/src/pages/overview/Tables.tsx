// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { TableColumnsType } from 'antd';
import { memo, useState } from 'react';
import { Link } from 'react-router';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { useMay } from '../../session/session';
import { componentTone, connectionTone, flowTone } from './looks';
import { bytes, millis, short, stateOf } from './pace';
import type { Component, Connection, Flow, View } from './scene';
import { useText } from './text';

// atOnce is how many flows the table shows until more are asked for: all of it is drawn
// anew each second.
const atOnce = 25;

// Tables say what the picture shows, for who reads rather than looks, and what has no
// room there.
export const Tables = memo(function Tables({ view }: { view: View }) {
  const t = useText();
  const [shown, show] = useState(atOnce);
  const flows = view.flows ?? [];
  const more = flows.length > shown ? () => show(shown + 2 * atOnce) : undefined;
  return (
    <>
      <h2 className="ov-section">{t.flows}</h2>
      <List<Flow> label={t.flows} items={flows.slice(0, shown)} more={more} pending={false} rowKey="name" columns={useFlows(view.components ?? [])} empty={t.noFlows} />
      <h2 className="ov-section">{t.components}</h2>
      <List<Component> label={t.components} items={view.components} pending={false} rowKey="id" columns={useComponents()} empty={t.noComponents} />
      <h2 className="ov-section">{t.connections}</h2>
      <List<Connection> label={t.connections} items={view.connections} pending={false} rowKey={(c) => `${c.outer} ${c.inner}`} columns={useConnections()} empty={t.noConnections} />
    </>
  );
});

function useFlows(components: Component[]): TableColumnsType<Flow> {
  const t = useText();
  const may = useMay();
  const per = (n: number | undefined) => (n === undefined ? '–' : t.per(short(n)));
  return [
    { title: t.flow, dataIndex: 'name', render: (name: string) => (may('show-crossing') ? <Link to={`/crossings?flow=${encodeURIComponent(name)}`}>{name}</Link> : <Link to={`/alerts?flow=${encodeURIComponent(name)}`}>{name}</Link>) },
    { title: t.state, key: 'state', render: (_, f) => <State of={stateOf([f], components)} /> },
    { title: t.from, dataIndex: 'from' },
    { title: t.to, dataIndex: 'to' },
    { title: t.protocol, key: 'protocol', render: (_, f) => <span title={t.kinds[f.kind] ?? f.kind}>{t.protocols[f.protocol] ?? f.protocol}</span> },
    { title: t.passed, key: 'passed', align: 'right', render: (_, f) => per(f.lately?.passed) },
    { title: t.refusedHead, key: 'refused', align: 'right', render: (_, f) => per(f.lately?.refused) },
    { title: t.failedHead, key: 'failed', align: 'right', render: (_, f) => per(f.lately?.failed) },
    { title: t.times, key: 'times', align: 'right', render: (_, f) => (f.lately?.p95 ? `${millis(f.lately.p50 ?? 0)} / ${millis(f.lately.p95)}` : '–') },
    { title: t.volume, key: 'volume', align: 'right', render: (_, f) => (f.lately ? t.per(bytes(f.lately.bytes)) : '–') },
    { title: t.current, key: 'current', align: 'right', render: (_, f) => f.counts?.current ?? '–' },
  ];
}

function State({ of }: { of: ReturnType<typeof stateOf> }) {
  const t = useText();
  return <Mark tone={flowTone[of] ?? 'quiet'}>{t.states[of]}</Mark>;
}

function useComponents(): TableColumnsType<Component> {
  const t = useText();
  return [
    { title: t.component, dataIndex: 'id', render: (id: string) => <Link to={`/components/${encodeURIComponent(id)}`}>{id}</Link> },
    { title: t.role, dataIndex: 'role', render: (role: string) => <span title={role}>{t.roles[role] ?? role}</span> },
    { title: t.zone, dataIndex: 'zone', render: (zone?: string) => zone || '–' },
    { title: t.state, dataIndex: 'state', render: (state: string) => <Mark tone={componentTone[state] ?? 'quiet'}>{t.stands[state] ?? state}</Mark> },
    { title: t.program, dataIndex: 'version', render: (v?: string) => v || '–' },
    { title: t.policyOf, dataIndex: 'policy', align: 'right', render: (v?: number) => v || '–' },
    { title: t.seen, dataIndex: 'seen', render: (at?: string) => <Time at={at} /> },
    { title: t.total, key: 'total', align: 'right', render: (_, c) => `${c.passed} / ${c.refused}` },
    { title: t.pending, dataIndex: 'pending', align: 'right' },
    { title: t.disk, key: 'disk', align: 'right', render: (_, c) => (c.disk?.size ? <span title={`${bytes(c.disk.free)} / ${bytes(c.disk.size)}`}>{`${Math.round((100 * c.disk.free) / c.disk.size)} %`}</span> : '–') },
  ];
}

function useConnections(): TableColumnsType<Connection> {
  const t = useText();
  return [
    { title: t.outer, dataIndex: 'outer' },
    { title: t.inner, key: 'inner', render: (_, c) => (c.link ? `${c.inner} (${t.link})` : c.inner) },
    { title: t.state, dataIndex: 'state', render: (state: string) => <Mark tone={connectionTone[state] ?? 'quiet'}>{t.connection[state] ?? state}</Mark> },
  ];
}
