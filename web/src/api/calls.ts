// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { calls } from './calls.gen';

// Call is the id of a call of the interface, as "approve-proposal".
export type Call = keyof typeof calls;

export type Duty = 'system' | 'security' | 'audit';

// mayCall tells whether the center's own table lets a duty make a call. It is the only
// rule of who sees which page and button.
export function mayCall(duty: Duty | undefined, call: Call): boolean {
  const may: readonly string[] = calls[call].may;
  return may.includes('anyone') || (duty !== undefined && may.includes(duty));
}
