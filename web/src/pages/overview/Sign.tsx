// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Tone } from '../../parts/Mark';
import { signs } from './looks';

// Sign stands before a word of the picture. It has the tone's colour; the word has not, so
// that it is always easy to read.
export function Sign({ tone, last = false }: { tone: Tone; last?: boolean }) {
  return (
    <tspan className={`ov-sign ov-sign-${tone}`}>
      {signs[tone]}
      {last ? '' : ' '}
    </tspan>
  );
}
