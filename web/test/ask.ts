// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Page } from '@playwright/test';

export interface Answer {
  status: number;
  etag: string;
  body: any;
}

// ask makes a call of the interface as the person who has signed in in a page. It is for
// what a test needs to be there beforehand; what a test is about is done on the screen.
export async function ask(page: Page, method: string, path: string, body?: unknown, match?: string): Promise<Answer> {
  return page.evaluate(
    async ({ method, path, body, match }) => {
      const headers: Record<string, string> = {};
      if (body !== undefined) headers['Content-Type'] = 'application/json';
      if (match !== undefined) headers['If-Match'] = match;
      const r = await fetch(path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
      const text = await r.text();
      let read: unknown = text;
      try {
        read = JSON.parse(text);
      } catch {
        // not JSON: the text itself
      }
      return { status: r.status, etag: r.headers.get('ETag') ?? '', body: read };
    },
    { method, path, body, match },
  );
}

// made makes a call that must be done, and gives its answer.
export async function made(page: Page, method: string, path: string, body?: unknown, match?: string): Promise<any> {
  const a = await ask(page, method, path, body, match);
  if (a.status >= 300) throw new Error(`${method} ${path}: ${a.status} ${JSON.stringify(a.body)}`);
  return a.body;
}
