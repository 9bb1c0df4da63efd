// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';
import { Mark, type Tone } from '../../parts/Mark';
import { useText } from './text';

type State = Schemas['Proposal']['state'];

const tones: Record<State, Tone> = {
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
export function StateMark({ state }: { state: State }) {
  const t = useText();
  return (
    <span title={state}>
      <Mark tone={tones[state]}>{t.states[state]}</Mark>
    </span>
  );
}
