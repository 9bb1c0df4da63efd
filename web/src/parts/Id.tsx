// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Typography } from 'antd';
import { Link } from 'react-router';
import { texts } from '../language/texts';

const useText = texts({ copy: 'Copy', copied: 'Copied' }, { copy: '复制', copied: '已复制' });

// Id shows the beginning of a long id or digest, whole in its hint, to be copied; to makes
// it a link to what it is of.
export function Id({ value, to, length = 12 }: { value: string; to?: string; length?: number }) {
  const t = useText();
  const shown = value.length > length + 2 ? `${value.slice(0, length)}…` : value;
  return (
    <Typography.Text className="mono nowrap" title={value} copyable={{ text: value, tooltips: [t.copy, t.copied] }}>
      {to ? <Link to={to}>{shown}</Link> : shown}
    </Typography.Text>
  );
}
