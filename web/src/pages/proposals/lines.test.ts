// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';
import { partsOf, saidOf } from './lines';
import { seenOf } from '../policy/Difference';

describe('a difference', () => {
  it('is taken apart into words and text, whole', () => {
    const text = 'bundle: version 2\n\n! a note\n+ the portal may look\n- less\n~ other\n\n--- in force/a.yaml\n+++ draft/a.yaml\n@@ -1 +1,2 @@\n a\n--- an old list\n+- new\n';
    const { words, text: lines } = partsOf(text);
    expect(words.map((l) => l.kind)).toEqual(['same', 'same', 'note', 'add', 'del', 'mod']);
    expect(lines.map((l) => l.kind)).toEqual(['place', 'place', 'place', 'same', 'del', 'add']);
    expect([...words.map((l) => l.text), '', ...lines.map((l) => l.text), ''].join('\n')).toBe(text);
  });
  it('without text is all words', () => {
    expect(partsOf('component  a\nfingerprint  00\n')).toEqual({
      words: [
        { kind: 'same', text: 'component  a' },
        { kind: 'same', text: 'fingerprint  00' },
      ],
      text: [],
    });
  });
});

describe('words in two languages', () => {
  const line = 'flow query: GET /healthz may be asked\t数据流 query：可请求 GET /healthz';
  it('are shown in the language of the reader, with the other one beside', () => {
    expect(saidOf(line, 'en')).toEqual({ text: 'flow query: GET /healthz may be asked', other: '数据流 query：可请求 GET /healthz' });
    expect(saidOf(line, 'zh')).toEqual({ text: '数据流 query：可请求 GET /healthz', other: 'flow query: GET /healthz may be asked' });
  });
  it('are whole where they are of no language, also those of an older center', () => {
    for (const language of ['en', 'zh'] as const) expect(saidOf('flow query is gone', language)).toEqual({ text: 'flow query is gone' });
  });
  it('keep their sign in front, and files keep their tabs', () => {
    const text = `bundle: version 2\t策略包：版本 2\n\n+ ${line}\n\n--- a\n+++ b\n@@ -1 +1 @@\n-\told\tx\n+\tnew\tx\n`;
    const { words, text: lines } = partsOf(text);
    expect(words.map((l) => saidOf(l.kind === 'same' ? l.text : l.text.slice(2), 'zh').text)).toEqual(['策略包：版本 2', '', '数据流 query：可请求 GET /healthz']);
    expect(lines.map((l) => l.text)).toContain('+\tnew\tx');
    const seen = seenOf(`! all is new\t全部为新增\n${text}`, 'zh');
    expect(seen.head).toEqual([
      { text: '! 全部为新增', other: 'all is new' },
      { text: '策略包：版本 2', other: 'bundle: version 2' },
    ]);
    expect(seen.changes).toEqual([{ effect: 'wider', text: '数据流 query：可请求 GET /healthz', other: 'flow query: GET /healthz may be asked' }]);
    expect(seen.text).toContain('+\tnew\tx');
  });
});
