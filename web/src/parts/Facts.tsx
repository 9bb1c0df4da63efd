// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Descriptions } from 'antd';
import type { ReactNode } from 'react';

// Facts are names and values of one thing. A value of undefined, null or '' is left out.
export function Facts({ of, columns = 2 }: { of: [name: string, value: ReactNode][]; columns?: number }) {
  const items = of
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([label, children]) => ({ key: label, label, children: <span className="wrap-anywhere">{children}</span> }));
  return <Descriptions bordered size="small" column={{ xs: 1, md: columns }} items={items} />;
}
