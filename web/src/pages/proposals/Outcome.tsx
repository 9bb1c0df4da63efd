// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert } from 'antd';
import { Link } from 'react-router';
import type { Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import { useProblemText } from '../../parts/ProblemView';
import { type Kind, useText } from './text';
import { useDone } from './title';

const levels = { done: 'success', failed: 'error', refused: 'info', withdrawn: 'info', expired: 'info' } as const;

// Outcome says what became of a proposal, and leads to what was done.
export function Outcome({ of: p }: { of: Schemas['Proposal'] }) {
  const t = useText();
  const level = levels[p.state as keyof typeof levels];
  if (!level) return null;
  const to = p.state === 'done' ? placeOf(p) : undefined;
  return (
    <Alert
      type={level}
      showIcon
      title={t.states[p.state] ?? p.state}
      description={
        <>
          <Result of={p} />
          {p.state === 'done' && t.next[p.kind as Kind] && <div>{t.next[p.kind as Kind]}</div>}
          {to && <Link to={to}>{t.links[p.kind as Kind] ?? to}</Link>}
        </>
      }
    />
  );
}

// Result is what was done, or why not.
function Result({ of: p }: { of: Schemas['Proposal'] }) {
  const t = useText();
  const done = useDone();
  const say = useProblemText();
  const o = p.outcome;
  const last = p.votes?.at(-1);
  if (!o) return <div className="wrap-anywhere">{p.result || (last && `${last.name}${last.reason ? `: ${last.reason}` : ''}`)}</div>;
  if (o.code === 'done') return <div className="wrap-anywhere">{done(p)}</div>;
  if (o.code !== 'failed') return <div>{t.ended[o.code](o.name ?? '')}</div>;
  const why = say(new Problem({ code: o.problem, detail: o.detail, status: 0 }));
  return (
    <>
      <div>{why}</div>
      {o.detail !== why && <div className="wrap-anywhere">{o.detail}</div>}
    </>
  );
}

// placeOf is the page of what a proposal was about.
export function placeOf(p: Pick<Schemas['Proposal'], 'kind' | 'payload'>): string | undefined {
  const payload = (p.payload ?? {}) as Record<string, unknown>;
  const named = (name: string) => encodeURIComponent(String(payload[name] ?? ''));
  const places: Record<Kind, string> = {
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
    'release-quarantined': `/crossings/${named('parcel')}`,
  };
  return (places as Partial<typeof places>)[p.kind as Kind];
}
