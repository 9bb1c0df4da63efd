// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import {
  AlertOutlined,
  AuditOutlined,
  BellOutlined,
  BlockOutlined,
  BookOutlined,
  ClockCircleOutlined,
  ClusterOutlined,
  ContainerOutlined,
  DashboardOutlined,
  DatabaseOutlined,
  EditOutlined,
  ExportOutlined,
  FileSearchOutlined,
  FlagOutlined,
  ImportOutlined,
  InboxOutlined,
  KeyOutlined,
  NotificationOutlined,
  QuestionCircleOutlined,
  SafetyCertificateOutlined,
  SwapOutlined,
  TagsOutlined,
  TeamOutlined,
  UserSwitchOutlined,
  ApartmentOutlined,
} from '@ant-design/icons';
import { Menu } from 'antd';
import { cloneElement, type ReactElement, useEffect, useRef } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { usePerson } from '../session/session';
import { type Names, useNames } from './names';
import { groups } from './pages';

const icons: Partial<Record<keyof Names['pages'], ReactElement<{ 'aria-hidden'?: boolean }>>> = {
  overview: <DashboardOutlined />,
  inbox: <InboxOutlined />,
  alerts: <AlertOutlined />,
  crossings: <SwapOutlined />,
  quarantine: <BlockOutlined />,
  inForce: <SafetyCertificateOutlined />,
  drafts: <EditOutlined />,
  names: <TagsOutlined />,
  partners: <ApartmentOutlined />,
  proposals: <AuditOutlined />,
  components: <ClusterOutlined />,
  rules: <BellOutlined />,
  silences: <ClockCircleOutlined />,
  channels: <NotificationOutlined />,
  evidence: <FileSearchOutlined />,
  questions: <QuestionCircleOutlined />,
  findings: <FlagOutlined />,
  reports: <BookOutlined />,
  logs: <DatabaseOutlined />,
  retention: <ContainerOutlined />,
  sources: <ImportOutlined />,
  exports: <ExportOutlined />,
  accounts: <TeamOutlined />,
  sessions: <UserSwitchOutlined />,
  accountRules: <KeyOutlined />,
};

// iconOf is a page's icon; its English name is not read out beside the page's own.
function iconOf(name: keyof Names['pages']) {
  const icon = icons[name];
  return icon && cloneElement(icon, { 'aria-hidden': true });
}

// SideMenu has the pages that the person's duty has, and no others.
export function SideMenu({ folded }: { folded: boolean }) {
  const names = useNames();
  const { may } = usePerson();
  const go = useNavigate();
  const here = useLocation().pathname.slice(1);
  const items = groups
    .map((g) => ({
      type: 'group' as const,
      key: g.name,
      label: folded ? null : names.groups[g.name],
      children: g.pages.flatMap((p) => (p.name && may(p.call) ? [{ key: p.path, icon: iconOf(p.name), label: names.pages[p.name] }] : [])),
    }))
    .filter((g) => g.children.length > 0);
  const paths = items.flatMap((g) => g.children.map((c) => c.key));
  const chosen = paths.filter((p) => here === p || here.startsWith(`${p}/`)).sort((a, b) => b.length - a.length)[0];
  const around = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Where one is stays in sight also where the menu is longer than the screen.
    around.current?.querySelector('.ant-menu-item-selected')?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  return (
    <div ref={around}>
      <Menu mode="inline" inlineIndent={16} items={items} selectedKeys={chosen ? [chosen] : []} onClick={(e) => void go(`/${e.key}`)} />
    </div>
  );
}
