// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';
import { partsOf } from './lines';

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
