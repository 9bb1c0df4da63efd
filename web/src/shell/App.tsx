// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { App as Notices, ConfigProvider } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import dayjs from 'dayjs';
import 'dayjs/locale/zh-cn';
import { type ReactNode, useEffect, useState } from 'react';
import { RouterProvider } from 'react-router';
import { problemOf } from '../api/problem';
import { localeOf } from '../language/texts';
import { PreferencesProvider, usePreferences } from '../session/preferences';
import { nonce } from './nonce';
import { router } from './router';
import { themeOf } from './theme';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What the center refuses it refuses again; a connection may come back.
      retry: (n, error) => problemOf(error).status === 0 && n < 2,
      staleTime: 10_000,
      refetchOnWindowFocus: false,
    },
  },
});

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <PreferencesProvider>
        <Look>
          <RouterProvider router={router} useTransitions={false} />
        </Look>
      </PreferencesProvider>
    </QueryClientProvider>
  );
}

// Look is the theme and the language of all that is below.
function Look({ children }: { children: ReactNode }) {
  const { language, shade } = usePreferences();
  const systemDark = useSystemDark();
  const dark = shade === 'dark' || (shade === 'system' && systemDark);
  useEffect(() => {
    document.documentElement.lang = localeOf(language);
    document.documentElement.dataset.shade = dark ? 'dark' : 'light';
    dayjs.locale(language === 'zh' ? 'zh-cn' : 'en');
  }, [language, dark]);
  return (
    <ConfigProvider theme={themeOf(dark)} locale={language === 'zh' ? zhCN : enUS} csp={{ nonce }} button={{ autoInsertSpace: false }}>
      <Notices>{children}</Notices>
    </ConfigProvider>
  );
}

function useSystemDark(): boolean {
  const [dark, setDark] = useState(() => window.matchMedia('(prefers-color-scheme: dark)').matches);
  useEffect(() => {
    const media = window.matchMedia('(prefers-color-scheme: dark)');
    const hear = () => setDark(media.matches);
    media.addEventListener('change', hear);
    return () => media.removeEventListener('change', hear);
  }, []);
  return dark;
}
