// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { Modal, Table } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { ConfigurationState } from './marks';
import { useText } from './text';

type Comparison = Schemas['InventoryComparison'];

// CheckAll compares the configuration of every component, and shows what came of it.
export function CheckAll() {
  const t = useText();
  const queries = useQueryClient();
  const [busy, act] = useAct();
  const [found, setFound] = useState<Comparison[] | null>(null);
  const check = () =>
    act(async () => {
      const { data } = await client.POST('/api/configuration-checks');
      setFound(data?.items ?? []);
      await queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/components') });
    });
  return (
    <>
      <Act call="check-configurations" loading={busy} onClick={() => void check()}>
        {t.checkAll}
      </Act>
      <Modal open={found !== null} title={t.checked} footer={null} onCancel={() => setFound(null)} destroyOnHidden width={720} closable={{ 'aria-label': t.close }}>
        <p>{t.checkedLead}</p>
        <Table<Comparison>
          size="small"
          pagination={false}
          rowKey="component"
          dataSource={found ?? []}
          columns={[
            { title: t.columns.name, key: 'name', render: (_, c) => <Link to={`/components/${c.component}?tab=configuration`}>{c.component}</Link> },
            { title: t.columns.configuration, key: 'state', render: (_, c) => <ConfigurationState state={c.state} /> },
            { title: t.configuration.checked, key: 'checked', render: (_, c) => <Time at={c.checked} /> },
          ]}
        />
      </Modal>
    </>
  );
}
