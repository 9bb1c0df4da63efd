// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { type ProposalText, useText } from './text';

// The center writes the title of a proposal in English, in these forms.
const forms: [RegExp, (t: ProposalText['titles'], ...parts: string[]) => string][] = [
  [/^Publish policy version (\d+): (.*)$/s, (t, v = '', title = '') => t.publish(v, title)],
  [/^Admit partner (.+)$/, (t, name = '') => t.admitPartner(name)],
  [/^Dismiss partner (.+)$/, (t, name = '') => t.dismissPartner(name)],
  [/^Admit (\S+)$/, (t, name = '') => t.admit(name)],
  [/^Dismiss (\S+)$/, (t, name = '') => t.dismiss(name)],
  [/^Accept configuration (\d+) of (\S+)$/, (t, n = '', name = '') => t.accept(n, name)],
  [/^Weaken the rules of passwords and sessions$/, (t) => t.weaken()],
  [/^keep audit of class (\S+) for (\d+) days$/, (t, name = '', days = '') => t.retention(name, days)],
  [/^leave audit of class (\S+) out for a time$/, (t, name = '') => t.leave(name)],
  [/^destroy all details before (.+)$/, (t, day = '') => t.destroy(day)],
  [/^Lower rule (.+)$/, (t, rule = '') => t.lower(rule)],
];

// titleOf has a proposal's title in the person's language; one of another form stays as
// the center wrote it.
export function titleOf(title: string, t: ProposalText['titles']): string {
  for (const [form, say] of forms) {
    const found = form.exec(title);
    if (found) return say(t, ...found.slice(1));
  }
  return title;
}

export function useTitle(): (title: string) => string {
  const t = useText();
  return (title) => titleOf(title, t.titles);
}
