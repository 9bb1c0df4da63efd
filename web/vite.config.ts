// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

// Texts are packed once here, so that the center does not pack them for each browser.
function packed(folder: string): Plugin {
  return {
    name: 'packed',
    apply: 'build',
    closeBundle() {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(js|css|svg)$/.test(entry.name)) continue;
        const file = join(entry.parentPath, entry.name);
        writeFileSync(`${file}.gz`, gzipSync(readFileSync(file), { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  base: './',
  plugins: [react(), packed('dist')],
  build: {
    target: 'chrome109',
    cssTarget: 'chrome109',
    outDir: 'dist',
    // .gitkeep stays: the center's build embeds the folder, also without a console.
    emptyOutDir: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
  test: { include: ['src/**/*.test.ts', 'src/**/*.test.tsx'] },
} as Parameters<typeof defineConfig>[0]);
