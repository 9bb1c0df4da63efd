// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { App, Button } from 'antd';
import { client, type Schemas } from '../../api/client';
import { useAct } from '../../parts/useAct';
import { useText } from './exportsText';

type Target = Schemas['ExportTarget'];

// useTargetActs are what can be done to a receiver at once.
export function useTargetActs(shown: (tried: Schemas['ExportTried']) => void) {
  const t = useText();
  const { notification } = App.useApp();
  const queries = useQueryClient();
  const [busy, run] = useAct();
  const again = () => void queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/exports') });
  const switchTo = async (x: Target, on: boolean, revision = x.revision): Promise<void> => {
    const { id, name, address, serverName, form, framing, ca, certificate, key, classes } = x;
    const body = { name, address, serverName, form, framing, ca, certificate, key, classes, on };
    const header = { 'If-Match': `"${revision}"` };
    const done = await run(() => client.PUT('/api/exports/targets/{id}', { params: { path: { id }, header }, body }));
    again();
    if (!done) return;
    const undo = () => {
      notification.destroy(id);
      void switchTo(x, !on, revision + 1);
    };
    const button = (
      <Button size="small" onClick={undo}>
        {t.undo}
      </Button>
    );
    notification.success({ key: id, title: `${on ? t.switchOn : t.switchOff}: ${name}`, actions: button });
  };
  const test = async (x: Target) => {
    await run(async () => {
      const { data } = await client.POST('/api/exports/targets/{id}/test', { params: { path: { id: x.id } } });
      if (data) shown(data);
    });
    again();
  };
  return { again, busy, switchTo, test };
}
