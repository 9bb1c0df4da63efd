// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { App, Button } from 'antd';
import { useNavigate } from 'react-router';
import { useText } from './retentionText';

// useProposed says that something was proposed, with the way to the proposal.
export function useProposed(): (id: string | undefined) => void {
  const t = useText();
  const go = useNavigate();
  const { notification } = App.useApp();
  const queries = useQueryClient();
  return (id) => {
    void queries.invalidateQueries({ predicate: (q) => /^\/api\/(proposals|retention|audit-classes)/.test(String(q.queryKey[1])) });
    if (!id) return;
    const look = () => {
      notification.destroy(id);
      void go(`/proposals/${id}`);
    };
    notification.success({
      key: id,
      title: t.sent,
      actions: (
        <Button size="small" type="primary" onClick={look}>
          {t.look}
        </Button>
      ),
    });
  };
}
