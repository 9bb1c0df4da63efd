// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { DeleteOutlined, StarOutlined } from '@ant-design/icons';
import { App, Button, Form, Input } from 'antd';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useLocation } from 'react-router';
import { api, client, type Schemas } from '../../../api/client';
import { Act } from '../../../parts/Act';
import { Panel } from '../../../parts/Panel';
import { ProblemView } from '../../../parts/ProblemView';
import { useAct } from '../../../parts/useAct';
import { useMay } from '../../../session/session';
import { useSay } from './text';
import type { Search } from './useSearch';
import { pageOf, viewOf } from './view';

type Saved = Schemas['EvidenceSaved'];

interface Shown {
  search: Search;
  states?: string[]; // that are chosen beside it
}

// Views are the searches that a person has saved.
export function Views(shown: Shown) {
  const t = useSay();
  const may = useMay();
  if (!may('list-searches')) return null;
  return (
    <Panel label={t.views} icon={<StarOutlined />}>
      {(close) => <ViewList {...shown} done={close} />}
    </Panel>
  );
}

function useKeep() {
  const queries = useQueryClient();
  const [busy, act] = useAct();
  const read = () => queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/searches') });
  const save = (name: string, query: string, said?: string) => act(() => client.POST('/api/searches', { body: { name, query } }).then(read), said);
  const forget = (id: string) => act(() => client.DELETE('/api/searches/{id}', { params: { path: { id } } }).then(read));
  return { busy, save, forget };
}

function ViewList({ search, states, done }: Shown & { done: () => void }) {
  const t = useSay();
  const { busy, save, forget } = useKeep();
  const { notification } = App.useApp();
  const { pathname } = useLocation();
  const saved = api.useQuery('get', '/api/searches');
  const remove = async (s: Saved) => {
    if (!(await forget(s.id))) return;
    const undo = (
      <Button size="small" onClick={() => (notification.destroy(s.id), void save(s.name, s.query))}>
        {t.undo}
      </Button>
    );
    notification.info({ key: s.id, title: t.forgotten(s.name), actions: undo });
  };
  if (saved.error) return <ProblemView error={saved.error} retry={() => void saved.refetch()} />;
  const items = saved.data?.items ?? [];
  return (
    <div className="views">
      <strong>{t.saved}</strong>
      {items.length === 0 && !saved.isPending && <p>{t.noViews}</p>}
      <ul>
        {items.map((s) => (
          <li key={s.id}>
            <Link to={{ pathname: pageOf(s.query, pathname), search: `?${s.query}` }} onClick={done} title={s.query} className="wrap-anywhere">
              {s.name}
            </Link>
            <Act call="delete-search" type="text" size="small" icon={<DeleteOutlined />} aria-label={t.forget(s.name)} onClick={() => void remove(s)} />
          </li>
        ))}
      </ul>
      <SaveForm busy={busy} save={(name) => save(name, viewOf(search.query, search.address.one('day'), states), t.savedAs(name))} />
    </div>
  );
}

function SaveForm({ busy, save }: { busy: boolean; save: (name: string) => Promise<boolean> }) {
  const t = useSay();
  const [form] = Form.useForm<{ name: string }>();
  const finish = ({ name }: { name: string }) => void save(name).then((kept) => kept && form.resetFields());
  return (
    <Form form={form} name="save-view" layout="vertical" onFinish={finish}>
      <Form.Item name="name" label={t.name} rules={[{ required: true, message: t.name }]} extra={t.nameHint}>
        <Input maxLength={100} autoComplete="off" />
      </Form.Item>
      <Act call="save-search" type="primary" htmlType="submit" loading={busy}>
        {t.save}
      </Act>
    </Form>
  );
}
