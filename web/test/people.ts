// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect } from '@playwright/test';
import { TOTP, URI } from 'otpauth';

// Person is an administrator of the demonstration, as the Go test tells of them.
export interface Person {
  name: string;
  person: string;
  duty: 'system' | 'security' | 'audit';
  password: string;
  otp: string; // otpauth address
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

// Codes are good once. Which period was used last is remembered; before the first, all up
// to now may have been used by who set the demonstration up.
const used = new Map<string, number>();
const begun = Date.now();

// codeOf is a code that was not used yet; it waits for the next one if it must.
export async function codeOf({ name, otp }: Person): Promise<string> {
  const totp = URI.parse(otp);
  if (!(totp instanceof TOTP)) throw new Error(`${name} has no authenticator by time`);
  const last = used.get(name) ?? totp.counter({ timestamp: begun });
  await expect.poll(() => totp.counter(), { message: `the next code of ${name}`, timeout: (totp.period + 5) * 1000, intervals: [200] }).toBeGreaterThan(last);
  const now = Date.now();
  used.set(name, totp.counter({ timestamp: now }));
  return totp.generate({ timestamp: now });
}
