// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Empty, Spin, Table, type TableProps, Typography } from 'antd';
import { Link } from 'react-router';
import { api } from '../../api/client';
import { useLanguage } from '../../language/texts';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { ago, Time } from '../../parts/Time';
import { useNames } from '../../shell/names';
import './inbox.css';
import { byKind, type Item, type Kind, placeOf } from './items';
import { useSentence } from './sentence';
import { useText } from './text';

export default function Inbox() {
  const t = useText();
  const names = useNames();
  const answer = api.useQuery('get', '/api/inbox', {}, { refetchInterval: 30_000 });
  const groups = byKind(answer.data?.items ?? []);
  return (
    <Page title={names.pages.inbox} lead={t.lead}>
      {answer.isPending && <Spin className="waiting" />}
      {answer.error && <ProblemView error={answer.error} retry={() => void answer.refetch()} />}
      {answer.data && groups.length === 0 && (
        <Empty
          image={Empty.PRESENTED_IMAGE_SIMPLE}
          description={
            <>
              <Typography.Text strong>{t.emptyTitle}</Typography.Text>
              <div className="inbox-empty">{t.empty}</div>
            </>
          }
        />
      )}
      <div className="stack">
        {groups.map((g) => (
          <Group key={g.kind} kind={g.kind} items={g.items} />
        ))}
      </div>
    </Page>
  );
}

// Group is what waits of one kind, and what to do with it.
function Group({ kind, items }: { kind: string; items: Item[] }) {
  const t = useText();
  const words = t.kinds[kind as Kind] ?? t.kinds.other;
  return (
    <section aria-labelledby={`inbox-${kind}`}>
      <h2 id={`inbox-${kind}`} className="inbox-head">
        {words.title} ({items.length})
      </h2>
      <p className="inbox-what">{words.what}</p>
      <Table<Item> size="small" pagination={false} rowKey="id" dataSource={items} columns={useColumns(kind)} tableLayout="fixed" />
    </section>
  );
}

function useColumns(kind: string): TableProps<Item>['columns'] {
  const t = useText();
  const say = useSentence();
  const act = (t.kinds[kind as Kind] ?? t.kinds.other).act;
  return [
    {
      title: t.columns.what,
      key: 'what',
      render: (_, i) => <span className="wrap-anywhere">{say(i)}</span>,
    },
    { title: t.columns.since, key: 'since', width: 220, render: (_, i) => (i.since ? <Time at={i.since} /> : '–') },
    { title: t.columns.until, key: 'until', width: 220, render: (_, i) => (i.until ? <Until at={i.until} /> : '–') },
    {
      title: t.columns.act,
      key: 'act',
      width: 310,
      render: (_, i) => {
        const to = placeOf(i);
        return (
          <>
            {to && <Link to={to}>{act}</Link>}
            <Command of={i} />
          </>
        );
      },
    },
  ];
}

function Until({ at }: { at: string }) {
  const t = useText();
  const language = useLanguage();
  const left = Date.parse(at) > Date.now() ? ago(new Date(at), language) : t.late;
  return (
    <>
      <Time at={at} />
      <div className="inbox-left">{left}</div>
    </>
  );
}

// Command is how it is done by command line, to be copied.
function Command({ of: i }: { of: Item }) {
  const t = useText();
  return (
    <div title={t.byCommand} className="inbox-command wrap-anywhere">
      <Typography.Text code copyable={{ text: i.do }}>
        {i.do}
      </Typography.Text>
    </div>
  );
}
