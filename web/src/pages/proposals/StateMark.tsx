// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Mark, type Tone } from '../../parts/Mark';
import { useText } from './text';

const tones: Record<string, Tone> = {
  open: 'warn',
  approved: 'busy',
  doing: 'busy',
  done: 'good',
  failed: 'bad',
  refused: 'quiet',
  withdrawn: 'quiet',
  expired: 'quiet',
};

// StateMark is where a proposal stands.
export function StateMark({ state }: { state: string }) {
  const t = useText();
  return (
    <span title={state}>
      <Mark tone={tones[state] ?? 'quiet'}>{t.states[state] ?? state}</Mark>
    </span>
  );
}
