// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Result, Spin } from 'antd';
import { useEffect } from 'react';
import { Navigate, useLocation } from 'react-router';
import { problemOf } from '../api/problem';
import { LiveProvider } from '../events/live';
import { Factor } from '../fresh/Factor';
import { ProblemView } from '../parts/ProblemView';
import { usePreferences } from '../session/preferences';
import { SessionProvider, useOwnSession } from '../session/session';
import { Frame } from './Frame';

// Gate lets in who has signed in, and sends others to do so and back.
export function Gate() {
  const session = useOwnSession();
  const here = useLocation();
  const { set } = usePreferences();
  const account = session.data?.account;
  useEffect(() => {
    // What the person has chosen holds at every browser.
    if (account?.language === 'zh' || account?.language === 'en') set({ language: account.language });
    if (account?.timeZone) set({ zone: account.timeZone });
  }, [account?.language, account?.timeZone, set]);
  if (session.isPending) return <Spin className="waiting" size="large" />;
  if (session.error) {
    const problem = problemOf(session.error);
    if (problem.code !== 'no-connection' && problem.status < 500) {
      return <Navigate to={`/sign-in?back=${encodeURIComponent(here.pathname + here.search)}`} replace />;
    }
    return <Result status="warning" title={<ProblemView error={problem} retry={() => void session.refetch()} />} />;
  }
  if (!account?.duty) return <Navigate to="/sign-in" replace />;
  return (
    <SessionProvider body={session.data}>
      <LiveProvider>
        <Frame />
        <Factor />
      </LiveProvider>
    </SessionProvider>
  );
}
