// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Rows are what a list that grows at its top shows.
export interface Rows<T> {
  items: T[];
  next: string | undefined; // cursor behind the last item
  back: string | undefined; // how far back was looked
  looked: number;
  short: boolean; // the last look ended before it had found as many as it was asked for
  waiting: number; // new ones that are not shown yet
  gap: boolean; // there are more new ones than that
  newest: PageOf<T>; // that came last
}

export interface PageOf<T> {
  items: T[];
  next?: string | undefined;
  back?: string | undefined;
  looked?: number | undefined;
}

// How many are asked for: of the newest, which are read again and again, hardly more than a
// screen shows; of older ones more at a time.
const newest = 25;
const older = 100;
export const limitOf = (after: string | undefined) => (after === undefined ? newest : older);

const isShort = (page: PageOf<unknown>, limit: number) => page.next !== undefined && page.items.length < limit;

// mostRows bounds what flows in; who asks for more gets more.
const mostRows = 100;

export function rowsOf<T>(page: PageOf<T>): Rows<T> {
  return { items: page.items, next: page.next, back: page.back, looked: page.looked ?? 0, short: isShort(page, newest), waiting: 0, gap: false, newest: page };
}

// arrive takes in what a new look at the newest ones found. While somebody reads (stay) the
// rows keep their places: what they say is renewed, and new ones wait.
export function arrive<T>(rows: Rows<T> | null, page: PageOf<T>, key: (item: T) => string, stay: boolean): Rows<T> {
  if (rows === null) return rowsOf(page);
  const steady = { ...page, items: keepSame(rows.items, page.items, key) };
  return taken(rows, steady, key, stay);
}

// keepSame takes an old item where the new one says the same, so that it is not drawn anew.
function keepSame<T>(old: T[], fresh: T[], key: (item: T) => string): T[] {
  const before = new Map(old.map((item) => [key(item), item]));
  return fresh.map((item) => {
    const was = before.get(key(item));
    return was !== undefined && JSON.stringify(was) === JSON.stringify(item) ? was : item;
  });
}

function taken<T>(rows: Rows<T>, page: PageOf<T>, key: (item: T) => string, stay: boolean): Rows<T> {
  const known = new Set(rows.items.map(key));
  const fresh = page.items.filter((item) => !known.has(key(item)));
  const gap = page.next !== undefined && fresh.length === page.items.length && rows.items.length > 0 && fresh.length > 0;
  const now = new Map(page.items.map((item) => [key(item), item]));
  const renewed = rows.items.map((item) => now.get(key(item)) ?? item);
  if (stay) return { ...rows, items: renewed, waiting: fresh.length, gap, newest: page };
  if (page.next === undefined || gap || fresh.length + renewed.length > mostRows) return rowsOf(page);
  return { ...rows, items: [...fresh, ...renewed], waiting: 0, gap: false, newest: page };
}

// release shows those that wait.
export function release<T>(rows: Rows<T>, key: (item: T) => string): Rows<T> {
  return arrive(rows, rows.newest, key, false);
}

// extend adds older ones at the end.
export function extend<T>(rows: Rows<T>, page: PageOf<T>, key: (item: T) => string): Rows<T> {
  const known = new Set(rows.items.map(key));
  return {
    ...rows,
    items: [...rows.items, ...page.items.filter((item) => !known.has(key(item)))],
    next: page.next,
    back: page.back,
    looked: rows.looked + (page.looked ?? 0),
    short: isShort(page, older),
  };
}
