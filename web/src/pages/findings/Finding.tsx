// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { Alert, Empty, Skeleton, Table, Timeline } from 'antd';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { Facts } from '../../parts/Facts';
import { Id } from '../../parts/Id';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import { useNames } from '../../shell/names';
import { ChangeFinding } from './ChangeFinding';
import './findings.css';
import { Overdue, SeverityMark, StateMark } from './marks';
import { atEnd } from './moves';
import { Section } from '../../parts/Section';
import { Step } from './Step';
import { useText } from './text';

export default function Finding() {
  const t = useText();
  const { id = '' } = useParams();
  const queries = useQueryClient();
  const [changing, setChanging] = useState(false);
  const { data, error, refetch } = api.useQuery('get', '/api/findings/{id}', { params: { path: { id } } });
  const again = () => void queries.invalidateQueries({ predicate: (q) => /^\/api\/(findings|inbox)/.test(String(q.queryKey[1])) });
  if (error) return <Page title={t.list}><ProblemView error={error} retry={() => void refetch()} /></Page>;
  if (!data) return <Skeleton active />;
  return (
    <Page
      title={data.title}
      actions={
        <>
          <Link to="/findings">{t.all}</Link>
          {!atEnd(data) && (
            <Act call="change-finding" onClick={() => setChanging(true)}>
              {t.change}
            </Act>
          )}
        </>
      }
    >
      <Standing of={data} />
      <div className="two-columns">
        <div>
          <Section title={t.story}>
            <Story events={data.events ?? []} />
          </Section>
          <Section title={t.entries}>
            <Entries entries={data.entries ?? []} />
          </Section>
        </div>
        <Step finding={data} onDone={again} />
      </div>
      <ChangeFinding open={changing} finding={data} onLeave={() => setChanging(false)} onDone={again} />
    </Page>
  );
}

function Standing({ of: f }: { of: Schemas['Finding'] }) {
  const t = useText();
  const names = useNames();
  return (
    <div className="stack">
      {f.overdue ? <Alert type="error" showIcon title={`${t.sentences[f.state]} ${t.late}`} /> : <div>{t.sentences[f.state]}</div>}
      <Facts
        of={[
          [t.state, <StateMark key="s" state={f.state} />],
          [t.severity, <SeverityMark key="s" severity={f.severity} />],
          [t.owner, names.duties[f.owner]],
          [
            t.due,
            <span key="d">
              <Time at={f.due} /> {f.overdue && <Overdue />}
            </span>,
          ],
          [t.openedBy, f.openedBy],
          [t.opened, <Time key="o" at={f.opened} />],
          [t.changed, <Time key="c" at={f.changed} />],
          ['ID', <Id key="i" value={f.id} />],
        ]}
      />
    </div>
  );
}

// Story is all that happened, the oldest first.
function Story({ events }: { events: Schemas['FindingEvent'][] }) {
  const t = useText();
  const names = useNames();
  const duties: Record<string, string> = names.duties;
  return (
    <Timeline
      items={events.map((e) => ({
        key: e.number,
        content: (
          <>
            <div>
              <strong>{e.who}</strong> <span className="duty">{duties[e.duty] ?? e.duty}</span> {t.whats[e.what] ?? e.what}{' '}
              {e.what === 'moved' && <StateMark state={e.state} />}
            </div>
            <Time at={e.at} />
            {e.text && <p className="pre">{e.text}</p>}
          </>
        ),
      }))}
    />
  );
}

function Entries({ entries }: { entries: Schemas['FindingEntry'][] }) {
  const t = useText();
  if (entries.length === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t.noEntries} />;
  return (
    <div role="region" aria-label={t.entries}>
      <Table<Schemas['FindingEntry']>
        size="small"
        pagination={false}
        rowKey={(e) => `${e.log}/${e.index}`}
        dataSource={entries}
        columns={[
          { title: t.log, dataIndex: 'log' },
          {
            title: t.index,
            dataIndex: 'index',
            render: (n: number, e) => <Link to={`/evidence/${encodeURIComponent(e.log)}/${n}`}>{n}</Link>,
          },
        ]}
      />
    </div>
  );
}
