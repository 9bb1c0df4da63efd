// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert } from 'antd';
import { Link } from 'react-router';
import type { Schemas } from '../../api/client';
import { useText } from './text';

const levels = { done: 'success', failed: 'error', refused: 'info', withdrawn: 'info', expired: 'info' } as const;

// Outcome says what became of a proposal, and leads to what was done.
export function Outcome({ of: p }: { of: Schemas['Proposal'] }) {
  const t = useText();
  const level = levels[p.state as keyof typeof levels];
  if (!level) return null;
  const to = p.state === 'done' ? placeOf(p) : undefined;
  const last = p.votes?.at(-1);
  const why = (p.state === 'refused' || p.state === 'withdrawn') && last ? `${last.name}${last.reason ? `: ${last.reason}` : ''}` : '';
  return (
    <Alert
      type={level}
      showIcon
      title={t.states[p.state] ?? p.state}
      description={
        <>
          {p.state === 'done' && t.next[p.kind] && <div>{t.next[p.kind]}</div>}
          <div className="wrap-anywhere">{p.result || why}</div>
          {to && <Link to={to}>{t.links[p.kind] ?? to}</Link>}
        </>
      }
    />
  );
}

// placeOf is the page of what a proposal was about.
export function placeOf(p: Pick<Schemas['Proposal'], 'kind' | 'payload'>): string | undefined {
  const payload = (p.payload ?? {}) as Record<string, unknown>;
  const named = (name: string) => encodeURIComponent(String(payload[name] ?? ''));
  const places: Record<string, string> = {
    'publish-policy': `/policy/publications/${named('publication')}`,
    'admit-component': `/components/${named('component')}`,
    'dismiss-component': '/components',
    'accept-configuration': `/components/${named('component')}?tab=configuration`,
    'weaken-account-rules': '/account-rules',
    'set-retention': '/retention',
    'switch-audit-class': '/retention',
    'destroy-details': '/retention',
    'lower-rule': '/rules',
    'admit-partner': '/policy/partners',
    'dismiss-partner': '/policy/partners',
  };
  return places[p.kind];
}
