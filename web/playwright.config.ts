// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { defineConfig } from '@playwright/test';

// The Go test in test/console starts the demonstration and says by the environment where
// it is. Nothing is tried twice: a test that passes now and then is broken.
export default defineConfig({
  testDir: 'test',
  outputDir: 'test-results',
  retries: 0,
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [['list']],
  use: {
    actionTimeout: 15_000,
    baseURL: process.env.DUKOU_CONSOLE,
    ignoreHTTPSErrors: true, // the demonstration's certificate is of its own making
    viewport: { width: 1366, height: 768 },
    timezoneId: 'Asia/Shanghai',
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] },
  },
});
