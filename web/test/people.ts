// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@playwright/test';
import { TOTP, URI } from 'otpauth';

// Person is an administrator of the demonstration, as the Go test tells of them.
export interface Person {
  name: string;
  person: string;
  duty: 'system' | 'security' | 'audit';
  password: string;
  otp: string; // otpauth address
  used: number; // until when whoever set the demonstration up used its codes, in seconds
  key?: string; // file of the key with which they sign policy
}

// people are all administrators, by their names.
export function people(): Record<string, Person> {
  const told: unknown = JSON.parse(process.env.DUKOU_PEOPLE ?? '{}');
  const list = Array.isArray(told) ? (told as Person[]) : Object.values(told as Record<string, Person>);
  return Object.fromEntries(list.map((p) => [p.name, p]));
}

export function personOf(name: string): Person {
  const person = people()[name];
  if (!person) throw new Error(`DUKOU_PEOPLE does not tell of ${name}`);
  return person;
}

// A code is good once, and after it only later ones. Which period's was used last is kept
// in a file, since after a failed test Playwright goes on in another process.
const lastOf = (name: string) => join(process.env.DUKOU_DIR ?? '', `last-code-${name}`);

// A clock may be a period off, so the center takes the codes of the period before and of
// the one after too. The one before is left out shortly before it ends to be taken.
const spare = 5000; // milliseconds

// codeOf is a code that was not used yet: the earliest that the center takes. It waits for
// the next one only if there is none left.
export async function codeOf({ name, otp, used }: Person): Promise<string> {
  const totp = URI.parse(otp);
  if (!(totp instanceof TOTP)) throw new Error(`${name} has no authenticator by time`);
  const file = lastOf(name);
  const last = existsSync(file) ? Number(readFileSync(file, 'utf8')) : totp.counter({ timestamp: used * 1000 });
  const next = () => Math.max(last + 1, totp.counter({ timestamp: Date.now() + spare }) - 1);
  const taken = () => next() <= totp.counter() + 1;
  await expect.poll(taken, { message: `the next code of ${name}`, timeout: (totp.period + 5) * 1000, intervals: [200] }).toBe(true);
  const period = next();
  writeFileSync(file, String(period));
  return totp.generate({ timestamp: period * totp.period * 1000 });
}
