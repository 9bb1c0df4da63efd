// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Result } from 'antd';
import type { ReactNode } from 'react';
import { type Call, mayCall } from '../api/calls';
import { texts } from '../language/texts';
import { usePerson } from '../session/session';
import { useNames } from './names';

const useText = texts(
  { title: 'This is another duty’s page', by: (who: string) => `It is for: ${who}.` },
  { title: '此页面属于其他职责', by: (who: string) => `可使用此页面的职责：${who}。` },
);

// Guarded shows a page to whom the center's table lets make its call, and says to others
// whose it is. The center refuses the call itself, whatever is shown.
export function Guarded({ call, children }: { call: Call; children: ReactNode }) {
  const t = useText();
  const names = useNames();
  const { duty } = usePerson();
  if (mayCall(duty, call)) return children;
  const who = (['system', 'security', 'audit'] as const).filter((d) => mayCall(d, call)).map((d) => names.duties[d]);
  return <Result status="403" title={<h1 className="result-title">{t.title}</h1>} subTitle={t.by(who.join('、'))} />;
}
