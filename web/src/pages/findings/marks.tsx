// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Mark, type Tone } from '../../parts/Mark';
import { useText } from './text';

const stateTones: Record<string, Tone> = { open: 'warn', mending: 'busy', mended: 'busy', verified: 'good', closed: 'quiet' };
const severityTones: Record<number, Tone> = { 1: 'quiet', 2: 'warn', 3: 'bad' };

// StateMark is the state of a finding in words.
export function StateMark({ state }: { state: string }) {
  const t = useText();
  return (
    <span title={`${state} · ${t.sentences[state] ?? ''}`}>
      <Mark tone={stateTones[state] ?? 'quiet'}>{t.states[state] ?? state}</Mark>
    </span>
  );
}

// SeverityMark is how grave a finding is.
export function SeverityMark({ severity }: { severity: number }) {
  const t = useText();
  return <Mark tone={severityTones[severity] ?? 'quiet'}>{t.severities[severity] ?? severity}</Mark>;
}

// Overdue stands where the date is over and it is not mended.
export function Overdue() {
  return <Mark tone="bad">{useText().overdue}</Mark>;
}
