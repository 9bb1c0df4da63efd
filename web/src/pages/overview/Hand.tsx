// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Link } from 'react-router';
import { api } from '../../api/client';
import { useLanguage } from '../../language/texts';
import { ProblemView } from '../../parts/ProblemView';
import { ago } from '../../parts/Time';
import { byKind, type Item, placeOf } from '../inbox/items';
import { useSentence } from '../inbox/sentence';
import { useText as useInboxText } from '../inbox/text';
import { useText } from './text';

const shown = 5;

// Hand is what waits for the person: the first few, what has a clock before the rest.
export function Hand() {
  const t = useText();
  const { data, error, isPending } = api.useQuery('get', '/api/inbox');
  const items = byKind(data?.items ?? []).flatMap((g) => g.items);
  if (error) return <ProblemView error={error} />;
  if (isPending) return null;
  return (
    <section aria-labelledby="ov-hand">
      <h2 id="ov-hand" className="ov-section">
        {t.hand}
      </h2>
      <ul className="ov-hand">
        {items.length === 0 && <li>{t.handNone}</li>}
        {items.slice(0, shown).map((i) => (
          <One key={i.kind + i.id} item={i} />
        ))}
        {items.length > shown && (
          <li>
            <Link to="/inbox">{t.handAll(items.length)}</Link>
          </li>
        )}
      </ul>
    </section>
  );
}

function One({ item }: { item: Item }) {
  const t = useText();
  const words = useInboxText();
  const language = useLanguage();
  const say = useSentence();
  const kind = words.kinds[item.about.code] ?? words.kinds.other;
  return (
    <li>
      <span className="ov-hand-kind">{kind.title}</span>
      <span className="ov-hand-what">{say(item)}</span>
      {item.until && <span className="nowrap">{t.due(ago(new Date(item.until), language))}</span>}
      <Link to={placeOf(item) ?? '/inbox'}>{kind.act}</Link>
    </li>
  );
}
