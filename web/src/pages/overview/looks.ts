// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Tone } from '../../parts/Mark';

// How states look: a sign and a tone, the same as those of marks.
export const signs: Record<Tone, string> = { good: '●', busy: '◐', warn: '▲', bad: '✖', quiet: '○' };

export const componentTone: Record<string, Tone> = { current: 'good', behind: 'warn', unreachable: 'bad', untrusted: 'bad' };
export const connectionTone: Record<string, Tone> = { connected: 'good', 'one-sided': 'warn', broken: 'bad', unknown: 'quiet' };
export const flowTone: Record<string, Tone> = { moving: 'good', idle: 'quiet', broken: 'bad', unknown: 'quiet' };
