// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Table } from 'antd';
import type { Schemas } from '../../api/client';
import { useLanguage } from '../../language/texts';
import { Facts } from '../../parts/Facts';
import { Id } from '../../parts/Id';
import { ago, Time } from '../../parts/Time';
import { Lacks } from './Lacks';
import { endOf } from './lacks';
import { ComponentState, ConfigurationState, Role } from './marks';
import { useText } from './text';

type Component = Schemas['InventoryComponent'];

// Standing is what is known of a component: facts, what is to be done, what ends.
export function Standing({ of: c }: { of: Component }) {
  const t = useText();
  return (
    <div className="stack">
      <section className="stack" aria-labelledby="lacks-title">
        <div className="section-head">
          <h2 id="lacks-title">{t.lacksTitle}</h2>
        </div>
        <Lacks of={c} none={t.lacksNone} whole />
      </section>
      <Facts
        of={[
          [t.facts.role, <Role role={c.role} />],
          [t.facts.zone, c.zone],
          [t.facts.state, <ComponentState state={c.state} />],
          [t.facts.admitted, c.admitted ? t.facts.yes : t.facts.no],
          [t.facts.version, c.version],
          [t.facts.policy, c.policy || undefined],
          [t.facts.lease, c.lease || undefined],
          [t.facts.seen, <Time at={c.seen} />],
          [t.facts.audit, c.audit === 'proven' ? t.facts.proven : c.audit],
          [t.facts.pending, c.pending],
          [t.facts.configuration, <ConfigurationState state={c.configuration.state} />],
          [t.facts.manifest, c.manifest && <Id value={c.manifest} length={16} />],
          [t.facts.fingerprint, c.fingerprint && <span className="mono fingerprint">{inFours(c.fingerprint)}</span>],
        ]}
      />
      <Ends of={c} />
    </div>
  );
}

// inFours has a fingerprint in groups, to be read aloud and compared.
function inFours(text: string): string {
  return text.replace(/(.{4})(?=.)/g, '$1 ');
}

function Ends({ of: c }: { of: Component }) {
  const t = useText();
  const language = useLanguage();
  return (
    <section className="stack" aria-labelledby="ends-title">
      <div className="section-head">
        <h2 id="ends-title">{t.endsTitle}</h2>
      </div>
      <Table
        size="small"
        pagination={false}
        rowKey={(e) => e.what + e.at}
        dataSource={c.ends ?? []}
        locale={{ emptyText: t.endsNone }}
        columns={[
          { title: t.ends.what, key: 'what', render: (_, e) => <span className="wrap-anywhere">{endOf(e.of, t.lacks)}</span> },
          { title: t.ends.at, key: 'at', render: (_, e) => <Time at={e.at} /> },
          { title: t.ends.left, key: 'left', render: (_, e) => ago(new Date(e.at), language) },
        ]}
      />
    </section>
  );
}
