// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Mark, type Tone } from '../../parts/Mark';
import { useText } from './text';

const componentTones: Record<string, Tone> = { waiting: 'warn', admitted: 'quiet', current: 'good', behind: 'warn', unreachable: 'bad', untrusted: 'bad', self: 'good' };
const configurationTones: Record<string, Tone> = { same: 'good', drift: 'bad', unaccepted: 'warn', unknown: 'quiet' };

// ComponentState is how a component stands.
export function ComponentState({ state }: { state: string }) {
  const t = useText();
  return (
    <span title={state}>
      <Mark tone={componentTones[state] ?? 'quiet'}>{t.states[state] ?? state}</Mark>
    </span>
  );
}

// ConfigurationState is how its configuration compares with the intended one.
export function ConfigurationState({ state }: { state: string }) {
  const t = useText();
  return (
    <span title={state}>
      <Mark tone={configurationTones[state] ?? 'quiet'}>{t.configurations[state] ?? state}</Mark>
    </span>
  );
}

// Role is what a component is, in words.
export function Role({ role }: { role: string }) {
  const t = useText();
  return <span title={role}>{t.roles[role] ?? role}</span>;
}
