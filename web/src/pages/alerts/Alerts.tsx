// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Segmented } from 'antd';
import { useState } from 'react';
import { client } from '../../api/client';
import { texts } from '../../language/texts';
import { Act } from '../../parts/Act';
import { Page } from '../../parts/Page';
import { useAddress } from '../../parts/useAddress';
import { usePages } from '../../parts/usePages';
import { Acknowledge } from './Acknowledge';
import { AlertFilters } from './AlertFilters';
import { AlertTable } from './AlertTable';
import './alerts.css';

const useText = texts(
  {
    title: 'Alerts',
    lead: 'What is wrong now, the newest first. What follows from something else is folded under its cause.',
    firing: 'Firing',
    resolved: 'Resolved',
    which: 'Firing or resolved',
    take: (n: number) => (n === 0 ? 'Acknowledge' : `Acknowledge ${n}`),
    table: 'Alerts',
    calm: 'Nothing is wrong. An alert comes here by itself when a rule finds that something is; Operation › Alert rules says which rules there are.',
    none: 'No alert was resolved, by these filters.',
    filtered: 'No alert matches these filters.',
  },
  {
    title: '告警',
    lead: '当前的异常，最新在前。由其他异常引起的告警收在其原因之下。',
    firing: '告警中',
    resolved: '已恢复',
    which: '告警中或已恢复',
    take: (n) => (n === 0 ? '认领' : `认领 ${n} 条`),
    table: '告警列表',
    calm: '没有异常。规则发现异常时，告警会自动出现在这里；“运行 › 告警规则”列出了全部规则。',
    none: '按当前筛选条件没有已恢复的告警。',
    filtered: '没有符合筛选条件的告警。',
  },
);

// useAlerts reads the alerts that the address asks for.
function useAlerts() {
  const address = useAddress();
  const state = address.one('state') === 'resolved' ? ('resolved' as const) : ('firing' as const);
  const level = Number(address.one('level')) || undefined;
  const query = { state, level, rule: address.one('rule'), component: address.one('component'), flow: address.one('flow') };
  const filtered = level !== undefined || !!(query.rule ?? query.component ?? query.flow);
  const pages = usePages('/api/alerts', query, async (after) => (await client.GET('/api/alerts', { params: { query: { ...query, after, limit: 100 } } })).data);
  return { address, state, filtered, pages };
}

export default function Alerts() {
  const t = useText();
  const { address, state, filtered, pages } = useAlerts();
  const [chosen, choose] = useState<string[]>([]);
  const [asks, ask] = useState(false);
  const ids = chosen.filter((id) => pages.items.some((a) => a.id === id && a.state === 'firing' && !a.acknowledgedBy));
  const empty = filtered ? t.filtered : state === 'firing' ? t.calm : t.none;
  return (
    <Page
      title={t.title}
      lead={t.lead}
      actions={
        <Act call="acknowledge-alert" type="primary" disabled={ids.length === 0} onClick={() => ask(true)}>
          {t.take(ids.length)}
        </Act>
      }
    >
      <div className="filters">
        <Segmented
          aria-label={t.which}
          value={state}
          onChange={(s) => (choose([]), address.set({ state: s === 'resolved' ? s : null }))}
          options={[
            { value: 'firing', label: t.firing },
            { value: 'resolved', label: t.resolved },
          ]}
        />
        <AlertFilters />
      </div>
      <AlertTable label={t.table} alerts={pages.items} pending={pages.isPending} error={pages.error} again={pages.again} more={pages.more} empty={empty} chosen={ids} choose={state === 'firing' ? choose : undefined} />
      <Acknowledge ids={ids} open={asks} onClose={(done) => (ask(false), done && choose([]))} />
    </Page>
  );
}
