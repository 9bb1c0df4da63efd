// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { ComponentText } from './text';

// Lack is what is to be done about a component, and where.
export interface Lack {
  text: string;
  hint?: string; // the rest of a long sentence
  act?: 'admit' | 'configuration' | 'accept';
  request?: string; // id, to be admitted
}

type Words = ComponentText['lacks'];

// The center writes what a component lacks in English sentences, in these forms. Commands
// in brackets are for its command line; the page has links instead.
const forms: [RegExp, (t: Words, ...parts: string[]) => Lack][] = [
  [/^a request with key (\S+) waits to be admitted \(dukou component admit ([0-9a-f]+)\)$/, (t, key = '', request = '') => ({ text: t.request(`${key.slice(0, 16)}…`), act: 'admit', request })],
  [/^its kernel cannot confine it: (.+)$/s, (t, what = '') => briefly(what, t)],
  [/^whether it is admitted is not known: the signer does not answer$/, (t) => ({ text: t.signer })],
  [/^it is in the policy in force and not admitted: it gets no keys any more$/, (t) => ({ text: t.notAdmitted })],
  [/^no policy in force names it$/, (t) => ({ text: t.noPolicy })],
  [/^it runs version (.+), this center (.+)$/, (t, its = '', ours = '') => ({ text: t.version(its, ours) })],
  [/^its configuration is not the intended one \(.*\)$/, (t) => ({ text: t.drift, act: 'configuration' })],
  [/^no configuration of it was accepted yet \(.*\)$/, (t) => ({ text: t.unaccepted, act: 'accept' })],
  [/^(.+) has ended$/s, (t, what = '') => ({ text: t.ended(endOf(what, t)) })],
  [/^(.+) ends in (\d+) days$/s, (t, what = '', days = '') => ({ text: t.ends(endOf(what, t), days) })],
];

// briefly says what a kernel lacks; what that means is in the hint.
function briefly(what: string, t: Words): Lack {
  const [name = what] = what.split(': ');
  return { text: t.kernel(name), ...(name !== what && { hint: what }) };
}

// lackOf says in the person's language what a component lacks; a sentence of another form
// stays as the center wrote it.
export function lackOf(sentence: string, t: Words): Lack {
  for (const [form, say] of forms) {
    const found = form.exec(sentence);
    if (found) return say(t, ...found.slice(1));
  }
  return { text: sentence };
}

// endOf says what it is that ends.
export function endOf(what: string, t: Words): string {
  if (what === 'the life of its policy and keys') return t.life;
  const path = /^certificate (.+)$/s.exec(what)?.[1];
  return path === undefined ? what : t.certificate(path);
}
