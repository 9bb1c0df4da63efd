// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { partsOf } from './lines';
import { titleOf } from './title';

const said = (name: string) => new Proxy({}, { get: (_, key) => (...parts: string[]) => [name, key, ...parts].join('|') }) as never;

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

describe('a title', () => {
  it('is said in the person’s language, or stays as it is', () => {
    for (const [title, want] of [
      ['Publish policy version 3: The portal: 门户', 't|publish|3|The portal: 门户'],
      ['Admit front-a', 't|admit|front-a'],
      ['Admit partner bank', 't|admitPartner|bank'],
      ['Accept configuration 12 of guard-inner', 't|accept|12|guard-inner'],
      ['Lower rule drift', 't|lower|drift'],
      ['Something new of 2030', 'Something new of 2030'],
    ] as const) {
      expect(titleOf(title, said('t'))).toBe(want);
    }
  });
  // The center's own program is the source of these forms: when one changes there, this fails.
  it('has the forms that the center writes', () => {
    const source = (file: string) => readFileSync(new URL(`../../../../internal/${file}`, import.meta.url), 'utf8');
    for (const [file, form] of [
      ['draft/propose.go', '"Publish policy version %d: %s"'],
      ['inventory/admit.go', '"Admit "+'],
      ['inventory/admit.go', '"Dismiss "+'],
      ['inventory/accept.go', '"Accept configuration %d of %s"'],
      ['draft/partner.go', '"Admit partner "'],
      ['draft/partner.go', '"Dismiss partner "'],
      ['management/accountrules.go', '"Weaken the rules of passwords and sessions"'],
      ['management/retention.go', '"keep audit of class %s for %d days"'],
      ['management/retention.go', '"leave audit of class %s out for a time"'],
      ['management/retention.go', '"destroy all details before "'],
      ['management/rule.go', '"Lower rule "'],
    ] as const) {
      expect(source(file), `${file} ${form}`).toContain(form);
    }
  });
});
