// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';

// Chromium is a browser that is only looked at from outside. Playwright joins it for the
// clicks and leaves: as long as it is there, the browser keeps all answers for it, and its
// memory would say nothing.
export class Chromium {
  private readonly child: ChildProcess;
  private readonly waiting = new Map<number, { resolve: (v: never) => void; reject: (e: Error) => void }>();
  private sent = 0;
  private rest = '';

  constructor(private readonly folder: string) {
    const args = [
      '--headless=new', '--remote-debugging-pipe', '--remote-debugging-port=0', `--user-data-dir=${folder}`, '--window-size=1366,860', '--lang=en-GB',
      '--ignore-certificate-errors', '--no-first-run', '--disable-extensions', '--disable-component-update', '--disable-background-networking',
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), 'about:blank',
    ];
    this.child = spawn(process.env.CHROMIUM ?? '/usr/bin/chromium', args, {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, TZ: 'Asia/Shanghai' },
    });
    this.child.stdio[4]?.on('data', (data: Buffer) => this.hear(data.toString()));
  }

  private hear(text: string): void {
    const parts = (this.rest + text).split('\0');
    this.rest = parts.pop() ?? '';
    for (const part of parts) {
      const { id, result, error } = JSON.parse(part) as { id?: number; result?: never; error?: { message: string } };
      const who = id === undefined ? undefined : this.waiting.get(id);
      if (id === undefined || who === undefined) continue;
      this.waiting.delete(id);
      if (error) who.reject(new Error(error.message));
      else who.resolve(result as never);
    }
  }

  // call makes a call of the DevTools protocol.
  call<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(++this.sent, { resolve, reject });
      (this.child.stdio[3] as Writable).write(`${JSON.stringify({ id: this.sent, method, params, sessionId })}\0`);
    });
  }

  // address is where Playwright joins.
  async address(): Promise<string> {
    await this.call('Browser.getVersion');
    const file = join(this.folder, 'DevToolsActivePort');
    while (!existsSync(file)) await this.call('Browser.getVersion');
    return `http://127.0.0.1:${readFileSync(file, 'utf8').split('\n')[0]}`;
  }

  // page is a session with the only page.
  async page(): Promise<string> {
    const { targetInfos } = await this.call<{ targetInfos: { targetId: string; type: string }[] }>('Target.getTargets');
    const targetId = targetInfos.find((t) => t.type === 'page')?.targetId;
    return (await this.call<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true })).sessionId;
  }

  // memory is what the page's process, and all of the browser's, have in memory, with
  // their part of what is shared (PSS), in bytes.
  async memory(): Promise<{ page: number; all: number }> {
    const { processInfo } = await this.call<{ processInfo: { type: string; id: number }[] }>('SystemInfo.getProcessInfo');
    const sizes = processInfo.map((p) => ({ type: p.type, size: share(p.id) }));
    const sum = (list: { size: number }[]) => list.reduce((n, p) => n + p.size, 0);
    return { page: Math.max(...sizes.filter((p) => p.type === 'renderer').map((p) => p.size)), all: sum(sizes) };
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    await this.call('Browser.close').catch(() => undefined);
    await ended;
  }
}

// share is a process's part of the memory, with that of its threads, in bytes.
function share(pid: number): number {
  if (!readdirSync('/proc').includes(String(pid))) return 0;
  const kilo = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return Number(kilo ?? 0) * 1024;
}
