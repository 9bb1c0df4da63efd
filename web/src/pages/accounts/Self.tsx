// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Tabs } from 'antd';
import { Page } from '../../parts/Page';
import { useAddress } from '../../parts/useAddress';
import { useMay } from '../../session/session';
import { useNames } from '../../shell/names';
import './accounts.css';
import { SelfAbout } from './SelfAbout';
import { SelfAuthenticator } from './SelfAuthenticator';
import { SelfKey } from './SelfKey';
import { SelfPasskeys } from './SelfPasskeys';
import { SelfPassword } from './SelfPassword';
import { SelfTokens } from './SelfTokens';
import { SessionTable } from './SessionTable';
import { useText } from './text';

// Self is what administrators do about themselves. The address names the tab.
export default function Self() {
  const t = useText();
  const names = useNames();
  const may = useMay();
  const address = useAddress();
  const items = [
    { key: 'about', label: t.self.tabs.about, children: <SelfAbout /> },
    { key: 'password', label: t.self.tabs.password, children: <SelfPassword /> },
    { key: 'authenticator', label: t.self.tabs.authenticator, children: <SelfAuthenticator /> },
    { key: 'passkeys', label: t.self.tabs.passkeys, children: <SelfPasskeys /> },
    { key: 'key', label: t.self.tabs.key, children: <SelfKey />, call: 'set-approver-key' as const },
    { key: 'tokens', label: t.self.tabs.tokens, children: <SelfTokens /> },
    { key: 'sessions', label: t.self.tabs.sessions, children: <SessionTable /> },
  ].filter((i) => i.call === undefined || may(i.call));
  const wanted = address.one('tab');
  const active = items.some((i) => i.key === wanted) ? wanted : 'about';
  return (
    <Page title={names.pages.self} lead={t.self.lead}>
      <Tabs
        className="self"
        activeKey={active}
        onChange={(tab) => address.set({ tab })}
        destroyOnHidden
        items={items.map(({ key, label, children }) => ({ key, label, children }))}
      />
    </Page>
  );
}
