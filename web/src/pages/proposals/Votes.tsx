// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Table } from 'antd';
import type { Schemas } from '../../api/client';
import { Id } from '../../parts/Id';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import './difference.css';
import { useText } from './text';

type Vote = Schemas['ProposalVote'];

// Votes are what each person said to a proposal, and what of it they saw.
export function Votes({ of: p }: { of: Schemas['Proposal'] }) {
  const t = useText();
  const word = (v: Vote, i: number) => {
    if (v.yes) return <Mark tone="good">{i === 0 ? t.vote.proposed : t.vote.yes}</Mark>;
    return <Mark tone="bad">{v.account === p.proposer ? t.vote.back : t.vote.no}</Mark>;
  };
  return (
    <div role="region" aria-label={t.votes}>
      <Table<Vote>
        size="small"
        pagination={false}
        rowKey={(v) => v.account + v.at}
        dataSource={p.votes ?? []}
        scroll={{ x: 'max-content' }}
        columns={[
          { title: t.vote.who, dataIndex: 'name' },
          { title: t.vote.word, key: 'word', render: (_, v, i) => word(v, i) },
          { title: t.vote.at, key: 'at', render: (_, v) => <Time at={v.at} /> },
          { title: t.facts.digest, key: 'digest', render: (_, v) => <Id value={v.digest} length={16} /> },
          { title: t.vote.compared, key: 'compared', render: (_, v) => (v.compared ? <Id value={v.compared} length={16} /> : t.vote.none) },
          { title: t.vote.signatures, key: 'signatures', render: (_, v) => v.signatures?.length || t.vote.none },
          { title: t.vote.reason, key: 'reason', render: (_, v) => <span className="votes-reason wrap-anywhere">{v.reason || t.vote.none}</span> },
        ]}
      />
    </div>
  );
}
