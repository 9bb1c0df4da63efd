// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Checkbox, type TableColumnsType } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { api, client, type Schemas } from '../../api/client';
import { texts, useLanguage } from '../../language/texts';
import { Act } from '../../parts/Act';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Page } from '../../parts/Page';
import { ago, Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { useAddress } from '../../parts/useAddress';
import { useReadAlerts } from './Acknowledge';
import { useRules } from './ruleText';
import { SilenceDialog } from './SilenceDialog';
import './alerts.css';

type Silence = Schemas['MonitorSilence'];

const useText = texts(
  {
    title: 'Silences',
    lead: 'What keeps people from being told of alerts, as during maintenance. The alerts themselves are listed as before.',
    make: 'Silence alerts',
    all: 'also those that have ended',
    which: 'Which alerts',
    reason: 'Reason',
    by: 'By',
    made: 'Made',
    ends: 'Ends',
    state: 'State',
    holds: 'holds',
    over: 'ended',
    early: (who: string) => `ended early by ${who}`,
    end: 'End now',
    endOf: (what: string) => `End now: ${what}`,
    ended: 'Ended: people are told again.',
    every: 'every alert',
    ofRule: (rule: string) => `rule “${rule}”`,
    ofComponent: (id: string) => `component ${id}`,
    ofFlow: (name: string) => `flow ${name}`,
    empty: 'Nothing is silenced: people are told of every alert. A silence is made here or on an alert’s page, with an end and a reason.',
    act: 'Act',
  },
  {
    title: '静默',
    lead: '例如维护期间，使人员不收到告警通知；告警本身照常列出。',
    make: '静默告警',
    all: '包括已结束的',
    which: '哪些告警',
    reason: '原因',
    by: '设置人',
    made: '设置时间',
    ends: '结束时间',
    state: '状态',
    holds: '静默中',
    over: '已结束',
    early: (who) => `由 ${who} 提前结束`,
    end: '立即结束',
    endOf: (what) => `立即结束：${what}`,
    ended: '已结束，恢复通知。',
    every: '所有告警',
    ofRule: (rule) => `规则“${rule}”`,
    ofComponent: (id) => `部件 ${id}`,
    ofFlow: (name) => `数据流 ${name}`,
    empty: '没有静默，所有告警都会通知。可在此处或告警页面设置静默，须写明结束时间和原因。',
    act: '操作',
  },
);

export default function Silences() {
  const t = useText();
  const address = useAddress();
  const all = address.one('all') === 'yes';
  const list = api.useQuery('get', '/api/silences', { params: { query: { all } } });
  const [asks, ask] = useState(false);
  return (
    <Page
      title={t.title}
      lead={t.lead}
      actions={
        <Act call="create-silence" type="primary" onClick={() => ask(true)}>
          {t.make}
        </Act>
      }
    >
      <div className="filters">
        <Checkbox checked={all} onChange={(e) => address.set({ all: e.target.checked ? 'yes' : null })}>
          {t.all}
        </Checkbox>
      </div>
      <List<Silence> label={t.title} items={list.data?.items} pending={list.isPending} error={list.error} again={() => void list.refetch()} rowKey="id" columns={useColumns()} empty={t.empty} />
      <SilenceDialog open={asks} onClose={() => ask(false)} />
    </Page>
  );
}

// useMatches says which alerts a silence is of.
function useMatches(): (s: Silence) => string {
  const t = useText();
  const rules = useRules();
  const language = useLanguage();
  return (s) => {
    const parts = [s.rule && t.ofRule(rules.name(s.rule)), s.component && t.ofComponent(s.component), s.flow && t.ofFlow(s.flow)].filter(Boolean);
    return parts.length ? parts.join(language === 'zh' ? '，' : ', ') : t.every;
  };
}

function useColumns(): TableColumnsType<Silence> {
  const t = useText();
  const matches = useMatches();
  const language = useLanguage();
  const over = (s: Silence) => !!s.endedBy || new Date(s.ends).getTime() <= Date.now();
  return [
    { title: t.which, key: 'which', render: (_, s) => <Link to={alertsOf(s)}>{matches(s)}</Link> },
    { title: t.reason, dataIndex: 'reason', className: 'alert-what' },
    { title: t.by, dataIndex: 'by' },
    { title: t.made, dataIndex: 'created', render: (at: string) => <Time at={at} /> },
    {
      title: t.ends,
      dataIndex: 'ends',
      render: (at: string, s) => (
        <>
          <Time at={at} /> {!over(s) && <span className="alert-more nowrap">{ago(new Date(at), language)}</span>}
        </>
      ),
    },
    { title: t.state, key: 'state', render: (_, s) => (over(s) ? <Mark tone="quiet">{s.endedBy ? t.early(s.endedBy) : t.over}</Mark> : <Mark tone="busy">{t.holds}</Mark>) },
    { title: t.act, key: 'act', render: (_, s) => !over(s) && <End id={s.id} what={matches(s)} /> },
  ];
}

// alertsOf is the list of the alerts that a silence is of; a star cannot be asked for there.
function alertsOf(s: Silence): string {
  const params = new URLSearchParams();
  if (s.rule) params.set('rule', s.rule);
  if (s.component && !s.component.endsWith('*')) params.set('component', s.component);
  if (s.flow && !s.flow.endsWith('*')) params.set('flow', s.flow);
  return `/alerts?${params.toString()}`;
}

function End({ id, what }: { id: string; what: string }) {
  const t = useText();
  const [busy, act] = useAct();
  const read = useReadAlerts();
  const end = () => act(() => client.POST('/api/silences/{id}/end', { params: { path: { id } } }), t.ended).then(read);
  return (
    <Act call="end-silence" size="small" loading={busy} aria-label={t.endOf(what)} onClick={() => void end()}>
      {t.end}
    </Act>
  );
}
