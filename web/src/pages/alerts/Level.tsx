// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { texts } from '../../language/texts';
import { Mark, type Tone } from '../../parts/Mark';

const useText = texts(
  { levels: { 1: 'notice', 2: 'warning', 3: 'critical' }, on: 'firing', done: 'resolved' },
  { levels: { 1: '提示', 2: '警告', 3: '严重' }, on: '告警中', done: '已恢复' },
);

const tones: Record<number, Tone> = { 1: 'busy', 2: 'warn', 3: 'bad' };

// useLevels gives the words of the three levels.
export function useLevels(): Record<number, string> {
  return useText().levels;
}

// Level is how bad something is.
export function Level({ level }: { level: number }) {
  const levels = useLevels();
  return <Mark tone={tones[level] ?? 'quiet'}>{levels[level] ?? level}</Mark>;
}

// AlertState is whether something is still wrong, and how bad it is or was.
export function AlertState({ state, level }: { state: 'firing' | 'resolved'; level: number }) {
  const t = useText();
  return state === 'firing' ? <Mark tone={tones[level] ?? 'quiet'}>{t.on}</Mark> : <Mark tone="good">{t.done}</Mark>;
}
