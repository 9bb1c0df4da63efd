// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';
import { Mark } from '../../parts/Mark';
import { useWords, wordOf } from '../evidence/search/text';
import { useText } from './text';

interface FrontsProps {
  of: Schemas['QuarantineFront'][];
  listed: Schemas['QuarantineItem'][];
}

// Fronts says of each front how much lies there, and of which ones that is not known.
export function Fronts({ of, listed }: FrontsProps) {
  const t = useText();
  const words = useWords();
  return of.map((f) => {
    if (f.error) {
      return (
        <span key={f.front} title={f.error}>
          <Mark tone="warn">{t.heldAway(f.front, wordOf(words, 'reason', f.error))}</Mark>
        </span>
      );
    }
    const shown = listed.filter((i) => i.front === f.front).length;
    return (
      <Mark key={f.front} tone={f.total > 0 ? 'busy' : 'quiet'}>
        {t.heldAt(f.front, f.total)}
        {shown < f.total && ` ${t.heldOnly(shown)}`}
      </Mark>
    );
  });
}
