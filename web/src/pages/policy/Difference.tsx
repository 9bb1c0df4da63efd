// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Empty } from 'antd';
import type { Schemas } from '../../api/client';
import { type Language, texts, useLanguage } from '../../language/texts';
import { Mark, type Tone } from '../../parts/Mark';
import { type Said, saidOf } from '../proposals/lines';
import './policy.css';

const useText = texts(
  {
    effects: { wider: 'wider', narrower: 'narrower', other: 'other' } as Record<string, string>,
    none: 'Nothing that decides is different.',
    words: 'What is gained or lost',
    text: 'The files, line by line',
    cut: 'note',
  },
  {
    effects: { wider: '放宽', narrower: '收紧', other: '其他' },
    none: '与判定有关的内容没有不同。',
    words: '放宽或收紧了什么',
    text: '文件逐行差异',
    cut: '说明',
  },
);

const tones: Record<string, Tone> = { wider: 'warn', narrower: 'good', other: 'busy' };

// Changes says in sentences what a policy changes; what widens comes first.
export function Changes({ of }: { of: ({ effect: Schemas['DraftChange']['effect'] } & Said)[] }) {
  const t = useText();
  if (of.length === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t.none} />;
  return (
    <ul className="changes" aria-label={t.words}>
      {of.map((c, i) => (
        <li key={i}>
          <Mark tone={tones[c.effect] ?? 'quiet'}>{t.effects[c.effect] ?? c.effect}</Mark>
          <span title={c.other}>{c.text}</span>
        </li>
      ))}
    </ul>
  );
}

function lookOf(line: string): string | undefined {
  if (line.startsWith('--- ') || line.startsWith('+++ ')) return 'file';
  if (line.startsWith('@@')) return 'place';
  if (line.startsWith('+')) return 'plus';
  return line.startsWith('-') ? 'minus' : undefined;
}

// Unified is a difference of files as text. Signs at the beginning of lines say it too.
export function Unified({ text }: { text: string }) {
  const t = useText();
  if (text.trim() === '') return null;
  return (
    <pre className="difference mono" role="region" tabIndex={0} aria-label={t.text}>
      {text.replace(/\n$/, '').split('\n').map((line, i) => (
        <span key={i} className={lookOf(line)}>
          {line}
        </span>
      ))}
    </pre>
  );
}

// useSaid chooses of sentences in both languages that of the reader.
export function useSaid(): (of: { text: string; chinese: string }) => Said {
  const language = useLanguage();
  return ({ text, chinese }) => saidOf(`${text}\t${chinese}`, language);
}

const signs: Record<string, 'wider' | 'narrower' | 'other'> = { '+': 'wider', '-': 'narrower', '~': 'other' };

// seenOf takes apart what both persons are shown of a publication, as the center writes it:
// its head, sentences with a sign before them, and the files as text.
export function seenOf(difference: string, language: Language) {
  const files = difference.search(/^(--- |\+\+\+ )/m);
  const above = (files < 0 ? difference : difference.slice(0, files)).split('\n').filter((l) => l !== '');
  const changes = above.flatMap((l) => (/^[+~-] /.test(l) ? [{ effect: signs[l[0]!]!, ...saidOf(l.slice(2), language) }] : []));
  const head = above.filter((l) => !/^[+~-] /.test(l)).map((l) => {
    const note = l.startsWith('! ') ? '! ' : '';
    const said = saidOf(l.slice(note.length), language);
    return { ...said, text: note + said.text };
  });
  return { head, changes, text: files < 0 ? '' : difference.slice(files) };
}

// Seen shows it.
export function Seen({ difference }: { difference: string }) {
  const t = useText();
  const { head, changes, text } = seenOf(difference, useLanguage());
  return (
    <div className="stack">
      {head.length > 0 && (
        <pre className="pre mono">
          {head.map((l, i) => (
            <span key={i} title={l.other}>
              {l.text}
              {'\n'}
            </span>
          ))}
        </pre>
      )}
      {changes.length > 0 && <Changes of={changes} />}
      {text && (
        <div className="policy-block">
          <h3>{t.text}</h3>
          <Unified text={text} />
        </div>
      )}
    </div>
  );
}
