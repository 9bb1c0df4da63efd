// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Space } from 'antd';
import type { Schemas } from '../../api/client';
import type { Duty } from '../../api/calls';
import { Mark, type Tone } from '../../parts/Mark';
import { useNames } from '../../shell/names';
import { useText } from './text';

const tones: Record<Schemas['Account']['state'], Tone> = { invited: 'busy', active: 'good', disabled: 'quiet' };

// AccountState is the state of an account, and its lock.
export function AccountState({ account }: { account: Schemas['Account'] }) {
  const t = useText();
  return (
    <Space size={4} wrap>
      <Mark tone={tones[account.state]}>{t.states[account.state]}</Mark>
      {account.lockedUntil && <Mark tone="bad">{t.locked}</Mark>}
    </Space>
  );
}

// DutyName is a duty in words.
export function DutyName({ duty }: { duty: string | undefined }) {
  const t = useText();
  const { duties } = useNames();
  if (!duty) return <>{t.noDuty}</>;
  return <>{duties[duty as Duty] ?? duty}</>;
}
