// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';
import type { Duty } from '../../api/calls';

export type NextState = Schemas['FindingNext']['state'];

// nextOf are the steps that the center names for a duty.
export function nextOf(finding: Schemas['Finding'], duty: Duty): Schemas['FindingNext'][] {
  return (finding.next ?? []).filter((n) => n.duty === duty);
}

// atEnd tells whether the center names no step at all any more.
export function atEnd(finding: Schemas['Finding']): boolean {
  return (finding.next ?? []).length === 0;
}
