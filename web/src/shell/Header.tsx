// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { PauseCircleOutlined, PlayCircleOutlined, UserOutlined } from '@ant-design/icons';
import { Button, Dropdown, Layout, Space, Tag, Tooltip } from 'antd';
import { Link, useNavigate } from 'react-router';
import { client } from '../api/client';
import { useLive } from '../events/live';
import { type Language, texts } from '../language/texts';
import { usePreferences } from '../session/preferences';
import { usePerson } from '../session/session';
import { LanguageSwitch, ShadeChoice } from './Looks';
import { useNames } from './names';

const useText = texts(
  {
    live: 'live',
    waiting: 'connection lost, trying again',
    paused: 'paused',
    pause: 'Pause what changes by itself',
    go: 'Go on',
    me: 'My account',
    out: 'Sign out',
  },
  {
    live: '实时',
    waiting: '连接中断，正在重连',
    paused: '已暂停',
    pause: '暂停自动刷新',
    go: '继续刷新',
    me: '我的账户',
    out: '退出登录',
  },
);

// Header is the line above every page: where one is, what is live, who one is.
export function Header() {
  const names = useNames();
  const { zone } = usePreferences();
  const keep = (language: Language) => void client.PUT('/api/self/preferences', { body: { language, timeZone: zone } }).catch(() => undefined); // this browser keeps it at least
  return (
    <Layout.Header className="header">
      <Link to="/overview" className="brand">
        <img src="./icon.svg" alt="" width={24} height={24} /> <strong>{names.product}</strong>
      </Link>
      <Space size="small" className="header-right">
        <LiveMark />
        <ShadeChoice />
        <LanguageSwitch onChange={keep} />
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
