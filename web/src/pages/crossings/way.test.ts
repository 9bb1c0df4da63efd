// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { type Hop, pathOf, wayOf } from './way';

const hop = (log: string, verdict: string, digest?: string): Hop => ({ log, index: 1, time: '2026-11-22T16:55:25Z', class: digest ? 'decision' : 'delivery', verdict, digest, flow: 'query' });
const path = ['front-internet', 'guard-outer', 'guard-gate', 'guard-inner', 'front-intranet'];
const shape = (steps: { hops: Hop[] }[]) => steps.map((s) => s.hops.map((h) => h.verdict).join());

it('tells a question from its answer by what the judges saw', () => {
  const hops = [
    hop('guard-gate', 'allow', 'a'),
    hop('guard-outer', 'allow', 'a'),
    hop('guard-inner', 'allow', 'a'),
    hop('front-intranet', 'answered'),
    hop('guard-gate', 'allow', 'b'),
    hop('guard-inner', 'refuse', 'b'),
    hop('front-internet', 'answered'),
  ];
  const way = wayOf(hops, path);
  expect(shape(way.there)).toEqual(['', 'allow', 'allow', 'allow', 'answered']);
  expect(shape(way.back)).toEqual(['answered', '', 'allow', 'refuse', '']);
});

it('has a refusal of the first front at the begin, and a receipt at the end', () => {
  expect(shape(wayOf([hop('front-internet', 'refuse')], path).there)).toEqual(['refuse', '', '', '', '']);
  expect(shape(wayOf([hop('front-intranet', 'received'), hop('front-internet', 'delivered')], path).back)[0]).toBe('delivered');
});

it('has the receipt of a file on the way back', () => {
  const hops = [hop('guard-inner', 'allow', 'a'), hop('guard-inner', 'committed'), hop('front-intranet', 'released'), hop('guard-inner', 'released'), hop('front-internet', 'delivered')];
  const way = wayOf(hops, path);
  expect(shape(way.there)).toEqual(['', '', '', 'allow,committed', 'released']);
  expect(shape(way.back)).toEqual(['delivered', '', '', 'released', '']);
});

it('knows the way of a flow that is in force, and the order of records of another', () => {
  const hops = [hop('guard-outer', 'allow', 'a'), hop('guard-inner', 'allow', 'a'), hop('guard-outer', 'allow', 'b')];
  expect(pathOf(hops, [{ name: 'query', path } as never])).toEqual({ path, known: true });
  expect(pathOf(hops, [])).toEqual({ path: ['guard-outer', 'guard-inner'], known: false });
});
