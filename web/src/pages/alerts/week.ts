// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Window is a time of the week in which a channel is for messages of a level and above.
export interface Window {
  first: number; // day, Monday is 1
  last: number;
  from: string; // 09:00
  to: string;
  least: number;
}

const form = /^([1-7])(?:-([1-7]))? (\d\d:\d\d)-(\d\d:\d\d) ([1-3])$/;

// read takes a window apart as the center writes it; what it does not know is undefined.
export function read(text: string): Window | undefined {
  const m = form.exec(text);
  if (!m) return undefined;
  return { first: Number(m[1]), last: Number(m[2] ?? m[1]), from: m[3] ?? '', to: m[4] ?? '', least: Number(m[5]) };
}

// write is a window as the center reads it.
export function write(w: Window): string {
  return `${w.first === w.last ? w.first : `${w.first}-${w.last}`} ${w.from}-${w.to} ${w.least}`;
}
