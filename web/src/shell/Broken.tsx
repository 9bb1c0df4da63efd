// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, Result } from 'antd';
import { useRouteError } from 'react-router';
import { texts } from '../language/texts';

const useText = texts(
  { missing: 'There is no such page', broken: 'This page could not be shown', home: 'To the overview', again: 'Load again' },
  { missing: '没有此页面', broken: '页面无法显示', home: '回到总览', again: '重新加载' },
);

// Broken stands where a page failed or is not there.
export function Broken({ missing = false }: { missing?: boolean }) {
  const t = useText();
  const error = useRouteError();
  return (
    <Result
      status={missing ? '404' : 'error'}
      title={<h1 className="result-title">{missing ? t.missing : t.broken}</h1>}
      subTitle={error instanceof Error ? error.message : undefined}
      extra={[
        <Button key="home" type="primary" href="#/overview">
          {t.home}
        </Button>,
        <Button key="again" onClick={() => window.location.reload()}>
          {t.again}
        </Button>,
      ]}
    />
  );
}
