// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';
import type { ComponentText } from './text';

export type CenterLack = Schemas['InventoryLack'];
type EndOf = Schemas['InventoryEndOf'];
type Words = ComponentText['lacks'];

// Lack is what is to be done about a component, and where.
export interface Lack {
  text: string;
  hint?: string; // what the center was told
  act?: 'admit' | 'configuration' | 'accept';
  request?: string; // id, to be admitted
}

const dayLength = 24 * 60 * 60 * 1000;

// lackOf says in the person's language what a component lacks; what only a newer center
// knows stays as that wrote it.
export function lackOf(l: CenterLack, t: Words, now = Date.now()): Lack {
  const end = () => (l.of ? endOf(l.of, t) : '');
  const says: Record<CenterLack['code'], () => Lack> = {
    away: () => ({ text: t.away, hint: l.detail }),
    untrusted: () => ({ text: t.untrusted, hint: l.detail }),
    behind: () => ({ text: t.behind, hint: l.detail }),
    clock: () => ({ text: t.clock, hint: l.detail }),
    kernel: () => ({ text: t.kernel(t.features[l.feature ?? 'other']), ...(l.feature === 'other' && { hint: l.detail }) }),
    request: () => ({ text: t.request(`${(l.fingerprint ?? '').slice(0, 16)}…`), act: 'admit', request: l.request }),
    'signer-away': () => ({ text: t.signer }),
    'not-admitted': () => ({ text: t.notAdmitted }),
    'no-policy': () => ({ text: t.noPolicy }),
    version: () => ({ text: t.version(l.version ?? '', l.wanted ?? '') }),
    drift: () => ({ text: t.drift, act: 'configuration' }),
    unaccepted: () => ({ text: t.unaccepted, act: 'accept' }),
    ended: () => ({ text: t.ended(end()) }),
    ends: () => ({ text: t.ends(end(), String(Math.max(0, Math.floor((Date.parse(l.at ?? '') - now) / dayLength)))) }),
  };
  return (says as Partial<typeof says>)[l.code]?.() ?? { text: l.text };
}

// endOf says what it is that ends.
export function endOf(of: EndOf, t: Words): string {
  return of.code === 'keys' ? t.life : t.certificate(of.path ?? '');
}
