// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useState } from 'react';
import { api, type Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { Kept } from '../../parts/Kept';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { RuleChange, type Wish } from './RuleChange';
import { RuleReset } from './RuleReset';
import { RuleTable } from './RuleTable';
import './alerts.css';

const useText = texts(
  {
    title: 'Alert rules',
    lead: 'What is held to be wrong. The values shown are those that hold now; a single component or flow may have its own.',
    component: 'Of components',
    flow: 'Of flows',
    told: 'Told by other parts of the center',
  },
  {
    title: '告警规则',
    lead: '哪些情况视为异常。所示为当前生效的值；单个部件或数据流可以另设。',
    component: '部件规则',
    flow: '数据流规则',
    told: '由中心其他部分上报',
  },
);

export default function Rules() {
  const t = useText();
  const list = api.useQuery('get', '/api/rules');
  const [wish, wishFor] = useState<Wish | null>(null);
  const [back, takeBack] = useState<{ rule: Schemas['MonitorView']; name: string } | null>(null);
  const rules = list.data?.items ?? [];
  const parts = [
    { key: 'component', title: t.component, rules: rules.filter((r) => r.scope === 'component' && !r.told) },
    { key: 'flow', title: t.flow, rules: rules.filter((r) => r.scope === 'flow') },
    { key: 'told', title: t.told, rules: rules.filter((r) => r.scope === 'component' && r.told) },
  ];
  return (
    <Page title={t.title} lead={t.lead}>
      {list.error && <ProblemView error={list.error} retry={() => void list.refetch()} />}
      {!list.error &&
        parts.map((p) => (
          <section key={p.key}>
            <h2 className="alert-head alert-part">{p.title}</h2>
            <RuleTable label={p.title} rules={p.rules} pending={list.isPending} onChange={(rule, name) => wishFor({ rule, name })} onReset={(rule, name) => takeBack({ rule, name })} />
          </section>
        ))}
      <Kept of={wish}>{(w, open) => <RuleChange wish={w} open={open} fresh={rules.find((r) => r.id === w.rule.id)} onClose={() => wishFor(null)} />}</Kept>
      <Kept of={back}>{(b, open) => <RuleReset rule={rules.find((r) => r.id === b.rule.id) ?? b.rule} open={open} name={b.name} onClose={() => takeBack(null)} />}</Kept>
    </Page>
  );
}
