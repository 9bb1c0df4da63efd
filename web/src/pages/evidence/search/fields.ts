// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// The fields that entries are found by, in the order in which they are offered.
export const fields = [
  'flow',
  'subject',
  'object',
  'action',
  'verdict',
  'reason',
  'log',
  'class',
  'level',
  'integrity',
  'protocol',
  'purpose',
  'address',
] as const;

export type Field = (typeof fields)[number];

// Those of parcels: the class of what is shown is given, and there are no administrators.
export const fieldsOfParcels: readonly Field[] = fields.filter((f) => f !== 'class' && f !== 'address');

export function isField(name: string): name is Field {
  return (fields as readonly string[]).includes(name);
}
