// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useMemo } from 'react';
import './difference.css';
import { useLanguage } from '../../language/texts';
import { type Line, partsOf, saidOf } from './lines';
import { useText } from './text';

// Difference shows what changes, whole: in words, and as text. The signs of words about
// policy say what becomes possible; elsewhere, what was before and what is after. Words are
// shown in the reader's language; the hint has the other one, which the other person may read.
export function Difference({ of, policy = false }: { of: string; policy?: boolean }) {
  const t = useText();
  const { words, text } = useMemo(() => partsOf(of), [of]);
  const both = words.length > 0 && text.length > 0;
  return (
    <div className="stack">
      {words.length > 0 && (
        <section aria-label={t.inWords}>
          {both && <h3 className="difference-head">{t.inWords}</h3>}
          <ul className="difference-words">
            {words.map((l, i) => (
              <Words key={i} line={l} signs={policy ? t.signs : t.plainSigns} />
            ))}
          </ul>
        </section>
      )}
      {text.length > 0 && (
        <section>
          {both && <h3 className="difference-head">{t.asText}</h3>}
          <pre className="difference mono" tabIndex={0} aria-label={t.asText} role="region">
            {text.map((l, i) => (
              <span key={i} className={`difference-line difference-${l.kind}`}>
                {l.text}
                {'\n'}
              </span>
            ))}
          </pre>
        </section>
      )}
    </div>
  );
}

// Words is one line in words. Its sign is shown as it is, and said to who does not see it.
function Words({ line, signs }: { line: Line; signs: Record<'add' | 'del' | 'mod' | 'note', string> }) {
  const language = useLanguage();
  if (line.kind === 'same' || line.kind === 'place') {
    const said = saidOf(line.text, language);
    return (
      <li className="difference-plain" title={said.other}>
        {said.text === '' ? '\u00a0' : said.text}
      </li>
    );
  }
  const said = saidOf(line.text.slice(2), language);
  return (
    <li className={`difference-line difference-${line.kind}`}>
      <span className="difference-sign" title={signs[line.kind]}>
        <span aria-hidden="true">{line.text.slice(0, 1)}</span>
        <span className="difference-said">{signs[line.kind]}</span>
      </span>
      <span title={said.other}>{said.text}</span>
    </li>
  );
}
