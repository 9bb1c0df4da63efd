// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Modal, Spin, Table } from 'antd';
import { api, type Schemas } from '../../api/client';
import { Facts } from '../../parts/Facts';
import { Id } from '../../parts/Id';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import { useText } from './text';

// SnapshotView is what a component ran with, by one snapshot.
export function SnapshotView({ id, number, onLeave }: { id: string; number: number | null; onLeave: () => void }) {
  const t = useText();
  const answer = api.useQuery('get', '/api/components/{id}/configuration', { params: { path: { id }, query: { number: number ?? 0 } } }, { enabled: number !== null });
  return (
    <Modal open={number !== null} title={`${id} · ${t.configuration.content.title(number ?? 0)}`} footer={null} onCancel={onLeave} destroyOnHidden width={980} closable={{ 'aria-label': t.close }}>
      {answer.isFetching && !answer.data && <Spin />}
      {answer.error && <ProblemView error={answer.error} retry={() => void answer.refetch()} />}
      {answer.data?.content && <Content of={answer.data.content} />}
    </Modal>
  );
}

function Content({ of: c }: { of: Schemas['InventoryConfiguration'] }) {
  const t = useText();
  const of = t.configuration.content;
  return (
    <div className="stack">
      <Facts
        columns={1}
        of={[
          [of.program, <span className="mono">{c.program}</span>],
          [of.version, c.version],
          [of.arguments, c.arguments?.length ? <pre className="pre mono">{c.arguments.join('\n')}</pre> : of.noArguments],
          [of.path, c.path && <span className="mono">{c.path}</span>],
        ]}
      />
      <h3 className="difference-head">{of.files}</h3>
      <Table
        size="small"
        pagination={false}
        rowKey="path"
        dataSource={c.files ?? []}
        locale={{ emptyText: of.noFiles }}
        scroll={{ x: 'max-content', y: 240 }}
        columns={[
          { title: of.file, key: 'path', render: (_, f) => <span className="mono">{f.path}</span> },
          { title: of.size, dataIndex: 'size', align: 'right' },
          { title: of.digest, key: 'digest', render: (_, f) => (f.digest ? <Id value={f.digest} /> : of.unread) },
          { title: of.end, key: 'end', render: (_, f) => (f.end ? <Time at={f.end} /> : '–') },
        ]}
      />
      {c.text && (
        <>
          <h3 className="difference-head">{of.text}</h3>
          <pre className="pre mono configuration-text" tabIndex={0} role="region" aria-label={of.text}>
            {c.text}
          </pre>
        </>
      )}
    </div>
  );
}
