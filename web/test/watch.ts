// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { BrowserContext, ConsoleMessage, Page, Request, Response } from '@playwright/test';

// Watch gathers what must not happen in a browser: errors and warnings of its console,
// exceptions, calls that fail, and what the page's content security policy forbids.
export class Watch {
  readonly found: string[] = [];
  private readonly allowed: RegExp[] = [];
  private readonly reading: Promise<void>[] = [];

  // allow lets a test expect something: allow(/^422 POST .*\/api\/findings$/).
  allow(pattern: RegExp): void {
    this.allowed.push(pattern);
  }

  // rest is all that was found and not allowed.
  async rest(): Promise<string[]> {
    await Promise.all(this.reading);
    return this.found.filter((line) => !this.allowed.some((a) => a.test(line)));
  }

  async over(context: BrowserContext): Promise<void> {
    await context.exposeBinding('dukouViolation', ({ page }, what: string) => this.note(page, `policy: ${what}`));
    await context.addInitScript(tellViolations);
    context.on('page', (page) => this.page(page));
    context.on('response', (response) => this.response(response));
    context.on('requestfailed', (request) => this.failed(request));
  }

  private page(page: Page): void {
    page.on('console', (message) => this.said(page, message));
    page.on('pageerror', (error) => this.note(page, `exception: ${error.message}`));
  }

  private said(page: Page, message: ConsoleMessage): void {
    if (!['error', 'warning'].includes(message.type())) return;
    if (message.text().startsWith('Failed to load resource')) return; // the answer itself is held against the list
    this.note(page, `console ${message.type()}: ${message.text()}`);
  }

  private response(response: Response): void {
    if (response.status() < 400) return;
    const line = `${response.status()} ${response.request().method()} ${response.url()}`;
    if (response.status() !== 401) {
      this.found.push(line);
      return;
    }
    const reading = response.json().then(
      (body: { code?: string }) => void (expected(response, body.code) || this.found.push(`${line} ${body.code}`)),
      () => void this.found.push(line),
    );
    this.reading.push(reading);
  }

  private failed(request: Request): void {
    const why = request.failure()?.errorText ?? '';
    if (why === 'net::ERR_ABORTED') return; // the page was left meanwhile
    this.found.push(`${why} ${request.method()} ${request.url()}`);
  }

  private note(page: Page, what: string): void {
    this.found.push(`${what} (${page.url()})`);
  }
}

// expected are the refusals that the console asks for by itself: who has signed in, when
// nobody has; and an act that wants the second factor first.
function expected(response: Response, code: string | undefined): boolean {
  const who = response.request().method() === 'GET' && new URL(response.url()).pathname === '/api/session';
  return who || code === 'second-factor-wanted';
}

// tellViolations runs in the page, before anything of it.
function tellViolations(): void {
  document.addEventListener('securitypolicyviolation', (e) => {
    const tell = (window as unknown as { dukouViolation: (what: string) => void }).dukouViolation;
    tell(`${e.effectiveDirective} forbids ${e.blockedURI || 'something inline'} at ${e.sourceFile}:${e.lineNumber}`);
  });
}
