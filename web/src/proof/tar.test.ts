// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { utf8 } from './bytes';
import { tarOf } from './tar';

it('makes what tar reads', () => {
  const files = [
    { name: 'guard-outer-60.proof', bytes: utf8('a proof\n') },
    { name: 'empty', bytes: utf8('') },
    { name: 'block', bytes: utf8('x'.repeat(512)) },
  ];
  const tar = tarOf(files, 1795366525);
  const list = execFileSync('tar', ['-tvf', '-'], { input: tar, env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' } }).toString();
  expect(list.split('\n').filter(Boolean).map((l) => l.split(/\s+/)).map((l) => [l[2], l[5]])).toEqual([['8', 'guard-outer-60.proof'], ['0', 'empty'], ['512', 'block']]);
  expect(execFileSync('tar', ['-xOf', '-', 'guard-outer-60.proof'], { input: tar }).toString()).toBe('a proof\n');
});
