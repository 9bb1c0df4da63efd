// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Language } from '../../language/texts';

// What a line of a difference is: words have a sign in front, text is a unified difference.
export type Kind = 'add' | 'del' | 'mod' | 'note' | 'place' | 'same';

export interface Line {
  kind: Kind;
  text: string; // whole, with its sign
}

// Said is words in the language of the reader, and in the other one: what is of no
// language has none.
export interface Said {
  text: string;
  other?: string;
}

// saidOf takes a line of words apart: English, a tab and Chinese (docs/formats/proposal.md).
export function saidOf(line: string, language: Language): Said {
  const tab = line.indexOf('\t');
  if (tab < 0) return { text: line };
  const [english, chinese] = [line.slice(0, tab), line.slice(tab + 1)];
  return language === 'zh' ? { text: chinese, other: english } : { text: english, other: chinese };
}

export interface Parts {
  words: Line[];
  text: Line[];
}

const wordSigns: Record<string, Kind> = { '+ ': 'add', '- ': 'del', '~ ': 'mod', '! ': 'note' };
const textSigns: Record<string, Kind> = { '+': 'add', '-': 'del', '@': 'place' };

// partsOf takes a difference apart into its words and its text, and loses no line of it.
export function partsOf(difference: string): Parts {
  const lines = difference.replace(/\n$/, '').split('\n');
  const begin = lines.findIndex((_, i) => isHead(lines, i));
  const words = begin < 0 ? lines : lines.slice(0, begin);
  const text = begin < 0 ? [] : lines.slice(begin);
  while (words.length > 0 && words[words.length - 1] === '') words.pop();
  return {
    words: words.map((l) => ({ kind: wordSigns[l.slice(0, 2)] ?? 'same', text: l })),
    text: text.map((l, i) => ({ kind: isHead(text, i) || isHead(text, i - 1) ? 'place' : (textSigns[l.slice(0, 1)] ?? 'same'), text: l })),
  };
}

// isHead tells whether the two lines that name the files begin here.
function isHead(lines: string[], i: number): boolean {
  return Boolean(lines[i]?.startsWith('--- ') && lines[i + 1]?.startsWith('+++ ') && lines[i + 2]?.startsWith('@@ '));
}
