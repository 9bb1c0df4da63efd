// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Tag } from 'antd';
import type { ReactNode } from 'react';

// Tone says how something is: by colour, and by a sign for who sees no colours.
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'quiet';

const looks: Record<Tone, { sign: string; color: string }> = {
  good: { sign: '●', color: 'success' },
  busy: { sign: '◐', color: 'processing' },
  warn: { sign: '▲', color: 'warning' },
  bad: { sign: '✖', color: 'error' },
  quiet: { sign: '○', color: 'default' },
};

// Mark is a state: sign, colour and word.
export function Mark({ tone, children }: { tone: Tone; children: ReactNode }) {
  const look = looks[tone];
  return (
    <Tag color={look.color} variant="outlined" className="nowrap">
      <span aria-hidden="true">{look.sign}</span> {children}
    </Tag>
  );
}
