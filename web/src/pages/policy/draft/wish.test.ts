// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { cedarOf, filesOf, flowOf, type Wish } from './wish';

const wish: Wish = {
  name: 'bureau-health', about: 'The portal asks whether the bureau is well.', from: 'internet', to: 'intranet', protocol: 'http',
  entryFront: 'front-internet', listener: 'portal', exitFront: 'front-intranet', target: 'bureau',
  object: '', newObject: { name: '', confidentiality: 1, integrity: 3, categories: [] }, action: 'look', purpose: 'monitoring',
  class: { confidentiality: 1, categories: [] }, answer: { confidentiality: 1, categories: [] }, raise: 3, accept: 'api-key', issuer: '',
  who: 'group:portals', newSubject: { name: '', group: '', digest: '', confidentiality: 1, categories: [] },
  routes: [{ method: 'GET', path: '/things/{thing}', query: [], body: [], status: 200, answer: [{ name: 'status', type: 'string', values: 'ok, ill', max: null }] }],
  files: { maxSize: '8MiB', extensions: ['.csv'], ready: 'rename', receipts: true },
  limits: { rate: '5/s', timeout: '10s', request: '1KiB', answer: '1KiB' }, cedar: null,
};

test('a flow is written with all that it needs', () => {
  const flow = parse(flowOf(wish, 'internet/bureau-health')).flows[0];
  expect(flow).toMatchObject({
    name: 'bureau-health', entry: { front: 'front-internet', listener: 'portal' }, accept: ['api-key'], raise: { integrity: 3, by: ['form'] },
    routes: [{ method: 'GET', path: '/things/{thing}', 'path-parameters': { thing: { type: 'string' } }, answers: [{ status: 200, body: { fields: { status: { enum: ['ok', 'ill'] } } } }] }],
  });
});

test('the object goes to the others, and a case asks what the rule permits', () => {
  const files = filesOf(wish, new Map([['things.yaml', 'objects:\n  - id: intranet/a\n']]), [{ id: 'intranet/a' }], () => 'internet/portal');
  expect(Object.keys(files).sort()).toEqual(['cases/bureau-health.yaml', 'flows/bureau-health.yaml', 'policies/bureau-health.cedar', 'things.yaml']);
  expect(parse(files['things.yaml']!).objects).toHaveLength(2);
  expect(parse(files['cases/bureau-health.yaml']!).cases[0]).toMatchObject({ subject: 'internet/portal', expect: 'allow', path: { thing: 'a' } });
  expect(cedarOf(wish)).toContain('principal in Group::"portals"');
});

test('what a person types stays text in the files', () => {
  const sly = flowOf({ ...wish, purpose: 'x, y: {z}', action: '"a"\nflows: []' }, 'o');
  expect(parse(sly).flows[0]).toMatchObject({ purpose: 'x, y: {z}', action: '"a"\nflows: []' });
});
