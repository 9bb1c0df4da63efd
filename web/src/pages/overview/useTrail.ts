// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useEffect, useState } from 'react';
import { paceOf } from './pace';
import type { View } from './scene';

export interface Sample {
  at: number; // by the center's clock, milliseconds
  passed: number;
  refused: number;
}

// kept is how many samples the page keeps: five minutes of one each second.
const kept = 300;

// useTrail remembers what went on while the page is shown.
export function useTrail(view: View | undefined): Sample[] {
  const [trail, setTrail] = useState<Sample[]>([]);
  useEffect(() => {
    if (!view) return;
    const at = Date.parse(view.time);
    const pace = paceOf(view.flows ?? []);
    if (pace.passed === undefined) return;
    const next = { at, passed: pace.passed, refused: pace.refused ?? 0 };
    setTrail((t) => (t.at(-1)?.at === at ? t : [...t, next].slice(-kept)));
  }, [view]);
  return trail;
}
