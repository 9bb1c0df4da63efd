// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Space } from 'antd';
import { type ReactNode, useEffect } from 'react';

// Page is a page's head and body. lead says in a sentence what the page is for.
export function Page({ title, lead, actions, children }: { title: string; lead?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · 渡口 Dukou`;
  }, [title]);
  return (
    <>
      <div className="page-head">
        <div>
          <h1>{title}</h1>
          {lead && <p>{lead}</p>}
        </div>
        {actions && <Space wrap>{actions}</Space>}
      </div>
      {children}
    </>
  );
}
