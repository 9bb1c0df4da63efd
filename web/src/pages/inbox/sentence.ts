// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useLanguage } from '../../language/texts';
import { useTitle } from '../proposals/title';
import type { Item, Kind } from './items';
import { useText } from './text';

// useSentence says what waits in the person's language; what only a newer center knows, as
// that wrote it.
export function useSentence(): (i: Item) => string {
  const t = useText();
  const title = useTitle();
  const language = useLanguage();
  const says: Record<Kind, (i: Item) => string> = {
    proposal: ({ about: a, title: said }) => (a.proposal ? t.proposed(title({ title: said, about: a.proposal }), a.by ?? '') : said),
    component: ({ about: a }) => t.asks(a.component ?? ''),
    configuration: ({ about: a }) => t.differs(a.component ?? ''),
    alert: ({ about: a, title: said }) => a.sentences?.[language] ?? said,
    publication: ({ about: a }) => t.confirm(a.name ?? ''),
    part: ({ about: a }) => t.part(a.partner ?? '', a.serial ?? 0),
    finding: ({ title: said }) => said,
  };
  return (i) => (says as Partial<typeof says>)[i.about.code]?.(i) ?? i.title;
}
