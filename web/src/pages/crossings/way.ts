// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';

export type Hop = Schemas['EvidenceHop'];

// Step is a place on the way, with what it recorded there, in order of time.
export interface Step {
  component: string;
  hops: Hop[];
}

export interface Way {
  there: Step[]; // in the order of travel
  back: Step[]; // the same places, on the way back
}

const ends = ['answered', 'received', 'delivered'];

// wayOf puts what was recorded of a parcel on the way that its flow goes. Records of one
// header have one digest: what a judge saw under another digest than the first is the
// answer. The front that the way begins at tells of its end.
export function wayOf(hops: Hop[], path: string[]): Way {
  const digest = hops.find((h) => h.digest)?.digest;
  const first = path[0];
  const isBack = (h: Hop) => {
    if (h.digest) return h.digest !== digest;
    if (h.verdict === 'released') return h.log !== path.at(-1); // the receipt on its way
    return h.log === first && ends.includes(h.verdict ?? '');
  };
  const steps = (back: boolean) => path.map((component) => ({ component, hops: hops.filter((h) => h.log === component && isBack(h) === back) }));
  return { there: steps(false), back: steps(true) };
}

// pathOf is the way of a flow of the policy in force; without one, the logs in the order in
// which they first recorded something.
export function pathOf(hops: Hop[], flows: Schemas['OverviewFlow'][] | null | undefined): { path: string[]; known: boolean } {
  const name = hops.find((h) => h.flow)?.flow;
  const path = flows?.find((f) => f.name === name)?.path;
  if (path && path.length > 0) return { path, known: true };
  return { path: [...new Set(hops.map((h) => h.log))], known: false };
}
