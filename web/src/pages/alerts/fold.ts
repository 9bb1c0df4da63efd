// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';

// Folded is an alert with those that it explains, as far as they are in the same list.
export type Folded = Schemas['AlertView'] & { below: number; under: boolean; children?: Folded[] };

// fold puts alerts below the one that explains them. The order stays.
export function fold(alerts: Schemas['AlertView'][]): Folded[] {
  const at = new Map<string, Folded>();
  for (const a of alerts) at.set(a.id, { ...a, below: 0, under: false });
  const roots: Folded[] = [];
  for (const a of at.values()) {
    const cause = a.cause && a.cause !== a.id ? at.get(a.cause) : undefined;
    if (!cause || cause.cause) {
      roots.push(a); // a cause is a root itself: the center names the root of a chain
      continue;
    }
    a.under = true;
    (cause.children ??= []).push(a);
    cause.below++;
  }
  return roots;
}
