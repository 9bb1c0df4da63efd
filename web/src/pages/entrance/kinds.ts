// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// What a password is made of, while it is typed. Whether it is good enough the center
// says; this only counts.
export interface Made {
  length: number;
  lower: boolean;
  upper: boolean;
  digit: boolean;
  other: boolean;
  kinds: number;
}

export function madeOf(password: string): Made {
  let [lower, upper, digit, other] = [false, false, false, false];
  const characters = [...password];
  for (const c of characters) {
    if (/\p{Ll}/u.test(c)) lower = true;
    else if (/\p{Lu}/u.test(c)) upper = true;
    else if (/\p{Nd}/u.test(c)) digit = true;
    else other = true;
  }
  return { length: characters.length, lower, upper, digit, other, kinds: [lower, upper, digit, other].filter(Boolean).length };
}
