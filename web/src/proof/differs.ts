// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../api/client';
import type { Checked } from './check';

// Shown is an entry as a page shows it: a proof must be of just this.
export type Shown = Schemas['EvidenceFound'];

// What the index has as the log has it, but for characters that its database cannot keep.
const same = ['class', 'parcel', 'flow', 'subject', 'object', 'action', 'verdict', 'reason'] as const;

// The index keeps no later time than the year 9999.
const latest = 253_402_300_799_000;

// differences are the fields in which an entry that is shown differs from a proven one.
export function differences(shown: Shown, c: Checked): string[] {
  const { leaf } = c;
  const list: string[] = same.filter((f) => (shown[f] ?? '') !== leaf[f].replaceAll('\0', '\uFFFD'));
  if (c.origin.replace(/^dukou\//, '') !== shown.log) list.push('log');
  if (c.index !== BigInt(shown.index)) list.push('index');
  if (Date.parse(shown.time) !== Math.min(leaf.time, latest)) list.push('time');
  return list;
}
