// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { BulbOutlined, GlobalOutlined } from '@ant-design/icons';
import { Button, Card, Dropdown, Layout, Space } from 'antd';
import { type ReactNode, useEffect } from 'react';
import { type Shade, usePreferences } from '../../session/preferences';
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
        <Looks />
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

// Looks are the language and the shade, kept in this browser until somebody signs in.
function Looks() {
  const t = useText();
  const { language, shade, set } = usePreferences();
  const items = (['light', 'dark', 'system'] as const).map((key) => ({ key, label: t[key] }));
  return (
    <Space size="small">
      <Dropdown trigger={['click']} menu={{ items, selectedKeys: [shade], onClick: (e) => set({ shade: e.key as Shade }) }}>
        <Button type="text" aria-label={t.shade} icon={<BulbOutlined />} />
      </Dropdown>
      <Button
        type="text"
        icon={<GlobalOutlined />}
        onClick={() => set({ language: language === 'zh' ? 'en' : 'zh' })}
        lang={language === 'zh' ? 'en' : 'zh-CN'}
      >
        {t.switchTo}
      </Button>
    </Space>
  );
}
