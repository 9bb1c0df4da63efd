// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { MenuFoldOutlined, MenuUnfoldOutlined } from '@ant-design/icons';
import { Button, Layout, Spin } from 'antd';
import { Suspense, useLayoutEffect, useState } from 'react';
import { NavigationType, Outlet, useLocation, useNavigation, useNavigationType } from 'react-router';
import { texts } from '../language/texts';
import { PublicationBar } from '../pages/policy/PublicationBar';
import { Header } from './Header';
import { SideMenu } from './SideMenu';

const useText = texts(
  { skip: 'To the content', fold: 'Fold the menu', unfold: 'Unfold the menu', menu: 'Menu' },
  { skip: '跳到正文', fold: '收起菜单', unfold: '展开菜单', menu: '菜单' },
);

const kept = 'dukou.menu-folded';

// Frame is what is around every page. Each address is a page of its own: what was open or
// typed at one proposal does not stay for the next.
export function Frame() {
  const t = useText();
  const [folded, setFolded] = useState(() => localStorage.getItem(kept) === 'yes');
  const going = useNavigation().state !== 'idle';
  const { pathname } = useLocation();
  useTop(pathname);
  const fold = () => {
    localStorage.setItem(kept, folded ? 'no' : 'yes');
    setFolded(!folded);
  };
  return (
    <Layout className="frame">
      <a className="skip" href="#content" onClick={(e) => (e.preventDefault(), document.getElementById('content')?.focus())}>
        {t.skip}
      </a>
      <Layout.Sider className="side" width={208} collapsedWidth={56} collapsed={folded} theme="light">
        <nav aria-label={t.menu} className="side-menu">
          <SideMenu folded={folded} />
        </nav>
        <Button
          className="fold"
          type="text"
          icon={folded ? <MenuUnfoldOutlined /> : <MenuFoldOutlined />}
          aria-label={folded ? t.unfold : t.fold}
          onClick={fold}
        />
      </Layout.Sider>
      <Layout>
        <Header />
        <PublicationBar />
        <main id="content" className="content" tabIndex={-1} aria-busy={going}>
          <Suspense key={pathname} fallback={<Spin className="waiting" />}>
            <Outlet />
          </Suspense>
        </main>
      </Layout>
    </Layout>
  );
}

// useTop begins each page at its top. Who goes back is where the browser remembers.
function useTop(pathname: string) {
  const back = useNavigationType() === NavigationType.Pop;
  useLayoutEffect(() => {
    if (!back) window.scrollTo(0, 0);
  }, [pathname]); // not for a filter of the same page
}
