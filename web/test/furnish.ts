// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page } from '@playwright/test';
import { type Answer, ask, made } from './ask';
import { codeOf, personOf } from './people';

// Words are what administrators write, into every text that a page shows.
export interface Words {
  draft: string;
  why: string; // of a silence, a proposal
  finding: string;
  comment: string;
  channel: string;
  person: string;
  search: string;
  component: string; // of a request to be admitted
}

export const ordinary: Words = {
  draft: '门户检查征信系统状态',
  why: '前置机更换网卡，维护窗口内不告警',
  finding: '门户的 API 密钥一年未更换',
  comment: '已与门户组确认，下周五更换。',
  channel: '值班群',
  person: '刘洋',
  search: '今天的拒绝',
  component: 'front-branch',
};

// Signed are pages in which one of each duty has signed in.
export interface Signed {
  wang: Page;
  li: Page;
  chen: Page;
}

export const inDays = (n: number) => new Date(Date.now() + n * 86_400_000).toISOString();

// furnish makes one of each thing that pages list, so that none is looked at empty only.
export async function furnish({ wang, li, chen }: Signed, words: Words, name: string): Promise<void> {
  // What is in force was applied as files by the demonstration, so a draft is made of files.
  const { id, revision } = await made(li, 'POST', '/api/drafts', { title: words.draft, from: 'upload', files: policyFiles() });
  await made(li, 'POST', '/api/rehearsals', { draft: id });
  await made(li, 'POST', '/api/policies', { draft: id, revision, title: words.draft });
  await byFactor(li, 'li', () => ask(li, 'POST', '/api/partners', { name, key: key(), zones: ['internet'], lists: ['subjects'], reason: words.why }));
  await byFactor(li, 'li', () => ask(li, 'POST', '/api/sources', { name, zone: 'intranet', kind: 'json' }));
  await byFactor(wang, 'wang', () => ask(wang, 'POST', `/api/accounts/${name}`, { person: words.person }));
  await byFactor(wang, 'wang', () => ask(wang, 'POST', '/api/exports/targets', { name, address: '127.0.0.1:1', form: 'cef', framing: 'octets', ca: 'receiver.pem' }));
  await raise(wang);
  await made(wang, 'POST', '/api/channels', { name: words.channel, kind: 'webhook', on: false, url: 'http://127.0.0.1:1/hook' });
  await made(wang, 'POST', '/api/silences', { component: 'front-internet', reason: words.why, for: '1h' });
  expect((await handIn(wang, requestOf(words.component))).status, 'the request is handed in').toBeLessThan(300);
  const finding = await made(chen, 'POST', '/api/findings', { title: words.finding, text: words.comment, severity: 2, owner: 'security', due: inDays(30), entries: [{ log: 'center', index: 0 }] });
  await made(chen, 'POST', `/api/findings/${finding.id}/comments`, { text: words.comment });
  await made(chen, 'POST', '/api/reports', { from: inDays(-1), to: inDays(0), language: 'zh' });
  await made(chen, 'POST', '/api/report-schedules', { every: 'daily', language: 'zh' });
  await made(chen, 'POST', '/api/searches', { name: words.search, query: 'verdict=deny' });
}

// raise has an alert fire, if there is none: of what ends within a year.
async function raise(page: Page): Promise<void> {
  const alerts = async () => ((await made(page, 'GET', '/api/alerts')).items as unknown[]).length;
  if ((await alerts()) > 0) return;
  const { etag } = await ask(page, 'GET', '/api/rules/ends-this-month');
  await made(page, 'PUT', '/api/rules/ends-this-month', { on: true, threshold: 365, for: 0, level: 1 }, etag);
  await expect.poll(alerts, { message: 'an alert fires', timeout: 30_000 }).toBeGreaterThan(0);
}

// policyFolder is the policy of the example, which the demonstration has put in force.
export const policyFolder = join(import.meta.dirname, '..', '..', 'examples', 'bank', 'policy');

function policyFiles(): { path: string; text: string }[] {
  const paths = readdirSync(policyFolder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.(yaml|cedar)$/.test(path));
  return paths.map((path) => ({ path, text: readFileSync(join(policyFolder, path), 'utf8') }));
}

// byFactor shows the second factor again, if the call wants that.
export async function byFactor(page: Page, name: string, call: () => ReturnType<typeof ask>): Promise<any> {
  let answer = await call();
  if (answer.status === 401) {
    await made(page, 'POST', '/api/session/fresh', { totp: await codeOf(personOf(name)) });
    answer = await call();
  }
  if (answer.status >= 300) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

// key is a public key of a partner, in hexadecimal.
export function key(): string {
  const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
  return Buffer.from(x ?? '', 'base64url').toString('hex');
}

// requestOf is a component's request to be admitted, as its host makes it.
export function requestOf(component: string): Buffer {
  const dir = mkdtempSync(join(tmpdir(), 'dukou-request-'));
  try {
    const id = join(dir, 'id');
    execFileSync(join(process.env.DUKOU_BIN ?? '', 'dukou'), ['enrol', 'request', '--dir', id, '--id', component, '--role', 'front', '--zone', 'internet'], { stdio: 'pipe' });
    return readFileSync(join(id, 'request.dukou'));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

// handIn hands a request in.
export async function handIn(page: Page, request: Buffer): Promise<Answer> {
  return page.evaluate(async (text) => {
    const body = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const r = await fetch('/api/component-requests', { method: 'POST', headers: { 'Content-Type': 'application/octet-stream' }, body });
    return { status: r.status, etag: '', body: (await r.json()) as unknown };
  }, request.toString('base64'));
}
