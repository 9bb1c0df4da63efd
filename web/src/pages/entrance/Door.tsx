// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Card, Layout, Space } from 'antd';
import { type ReactNode, useEffect } from 'react';
import { LanguageSwitch, ShadeChoice } from '../../shell/Looks';
import { useNames } from '../../shell/names';
import './entrance.css';
import { useText } from './text';

// Door is what is around the pages of who has not signed in.
export function Door({ title, wide = false, children }: { title: string; wide?: boolean; children: ReactNode }) {
  const t = useText();
  const names = useNames();
  useEffect(() => {
    document.title = `${title} · 渡口 Dukou`;
  }, [title]);
  return (
    <Layout className="door">
      <header className="door-head">
        <span className="brand">
          <img src="./icon.svg" alt="" width={28} height={28} /> <strong>{names.product}</strong>
          <span className="door-product">{t.product}</span>
        </span>
        <Space size="small">
          <ShadeChoice />
          <LanguageSwitch />
        </Space>
      </header>
      <main className={wide ? 'door-main door-wide' : 'door-main'}>
        <Card>
          <h1 className="door-title">{title}</h1>
          {children}
        </Card>
      </main>
    </Layout>
  );
}
