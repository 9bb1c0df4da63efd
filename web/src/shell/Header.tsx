// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { BulbOutlined, GlobalOutlined, PauseCircleOutlined, PlayCircleOutlined, UserOutlined } from '@ant-design/icons';
import { Button, Dropdown, Layout, Space, Tag, Tooltip } from 'antd';
import { Link, useNavigate } from 'react-router';
import { client } from '../api/client';
import { useLive } from '../events/live';
import { texts } from '../language/texts';
import { type Shade, usePreferences } from '../session/preferences';
import { usePerson } from '../session/session';
import { useNames } from './names';

const useText = texts(
  {
    live: 'live',
    waiting: 'connection lost, trying again',
    paused: 'paused',
    pause: 'Pause what changes by itself',
    go: 'Go on',
    shade: 'Light or dark',
    light: 'Light',
    dark: 'Dark',
    system: 'As this computer',
    language: '中文',
    me: 'My account',
    out: 'Sign out',
  },
  {
    live: '实时',
    waiting: '连接中断，正在重连',
    paused: '已暂停',
    pause: '暂停自动刷新',
    go: '继续刷新',
    shade: '浅色或深色',
    light: '浅色',
    dark: '深色',
    system: '跟随系统',
    language: 'English',
    me: '我的账户',
    out: '退出登录',
  },
);

// Header is the line above every page: where one is, what is live, who one is.
export function Header() {
  const t = useText();
  const names = useNames();
  return (
    <Layout.Header className="header">
      <Link to="/overview" className="brand">
        <img src="./icon.svg" alt="" width={24} height={24} /> <strong>{names.product}</strong>
      </Link>
      <Space size="small" className="header-right">
        <LiveMark />
        <ShadeChoice />
        <LanguageSwitch label={t.language} />
        <Who />
      </Space>
    </Layout.Header>
  );
}

function LiveMark() {
  const t = useText();
  const { standing, paused, pause } = useLive();
  const said = paused ? t.paused : standing === 'live' ? t.live : t.waiting;
  return (
    <Space size={4}>
      <Tag role="status" variant="outlined" color={paused ? 'default' : standing === 'live' ? 'success' : 'warning'}>
        {paused ? '‖' : standing === 'live' ? '●' : '○'} {said}
      </Tag>
      <Tooltip title={paused ? t.go : t.pause}>
        <Button type="text" aria-label={paused ? t.go : t.pause} icon={paused ? <PlayCircleOutlined /> : <PauseCircleOutlined />} onClick={() => pause(!paused)} />
      </Tooltip>
    </Space>
  );
}

function ShadeChoice() {
  const t = useText();
  const { shade, set } = usePreferences();
  const items = (['light', 'dark', 'system'] as const).map((key) => ({ key, label: t[key] }));
  return (
    <Dropdown trigger={['click']} menu={{ items, selectedKeys: [shade], onClick: (e) => set({ shade: e.key as Shade }) }}>
      <Button type="text" aria-label={t.shade} icon={<BulbOutlined />} />
    </Dropdown>
  );
}

function LanguageSwitch({ label }: { label: string }) {
  const { language, zone, set } = usePreferences();
  const change = () => {
    const next = language === 'zh' ? 'en' : 'zh';
    set({ language: next });
    void client.PUT('/api/self/preferences', { body: { language: next, timeZone: zone } }).catch(() => undefined); // kept here at least
  };
  return (
    <Button type="text" icon={<GlobalOutlined />} onClick={change} lang={language === 'zh' ? 'en' : 'zh-CN'}>
      {label}
    </Button>
  );
}

function Who() {
  const t = useText();
  const names = useNames();
  const go = useNavigate();
  const { account, duty, signOut } = usePerson();
  const items = [
    { key: 'self', label: t.me },
    { key: 'out', label: t.out, danger: true },
  ];
  return (
    <Dropdown trigger={['click']} menu={{ items, onClick: (e) => void (e.key === 'out' ? signOut() : go('/self')) }}>
      <Button type="text" icon={<UserOutlined />}>
        {account.person} <span className="duty">{names.duties[duty]}</span>
      </Button>
    </Dropdown>
  );
}
