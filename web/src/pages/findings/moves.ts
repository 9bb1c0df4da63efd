// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';
import type { Duty } from '../../api/calls';

export type NextState = Schemas['MoveFindingInBody']['state'];

const states: NextState[] = ['mending', 'mended', 'verified', 'closed'];

// Next is what the center says of a step that a finding may take.
interface Next {
  state: string;
  duty: string;
  text: boolean; // it wants words
}

type Told = Schemas['Finding'] & { next?: Next[] | null };

// nextOf are the states that a duty can be offered for a finding: those that the center
// names. When it names none at all, every other one is offered, and the center decides.
export function nextOf(finding: Told, duty: Duty): { state: NextState; text: boolean }[] {
  if (!finding.next) return states.filter((s) => s !== finding.state).map((state) => ({ state, text: false }));
  return states.flatMap((state) => finding.next!.filter((n) => n.state === state && n.duty === duty).map((n) => ({ state, text: n.text })));
}

// atEnd tells whether the center names no step at all any more.
export function atEnd(finding: Told): boolean {
  return finding.next?.length === 0;
}
