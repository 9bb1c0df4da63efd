// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';
import { useRules } from '../alerts/ruleText';
import { useClasses } from '../retention/classes';
import { type Kind, type Told, useText } from './text';

type About = Schemas['ProposalAbout'];
type Titled = Pick<Schemas['Proposal'], 'title' | 'about'>;

// useTold has what a proposal is about in the person's language.
function useTold(): (a: About) => Told {
  const rules = useRules();
  const { names } = useClasses();
  return (a) => ({
    version: a.version ?? 0,
    name: a.name ?? '',
    component: a.component ?? '',
    number: a.number ?? 0,
    partner: a.partner ?? '',
    rule: rules.name(a.rule ?? ''),
    for: a.for ?? '',
    kept: names[a.class ?? ''] ?? a.class ?? '',
    days: a.days ?? 0,
    before: a.before ?? '',
    parcel: a.parcel ?? '',
  });
}

// useSaid says one of a table's sentences of a proposal. One that an older center made,
// or of a kind that only a newer one knows, has none.
function useSaid(): (table: Record<Kind, (of: Told) => string>, about: About | undefined) => string | undefined {
  const told = useTold();
  return (table, about) => about && (table as Partial<typeof table>)[about.code]?.(told(about));
}

// useTitle says a proposal's title in the person's language, or as the center wrote it.
export function useTitle(): (p: Titled) => string {
  const t = useText();
  const said = useSaid();
  return (p) => said(t.titles, p.about) ?? p.title;
}

// useDone says what was done.
export function useDone(): (p: Schemas['Proposal']) => string {
  const t = useText();
  const said = useSaid();
  return (p) => said(t.done, p.about) ?? p.result ?? '';
}
