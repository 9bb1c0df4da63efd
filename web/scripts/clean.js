// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Removes what an earlier build has left; .gitkeep holds the folder's place.
import { readdirSync, rmSync } from 'node:fs';

const folder = new URL('../dist/', import.meta.url);
for (const name of readdirSync(folder)) {
  if (name !== '.gitkeep') rmSync(new URL(name, folder), { recursive: true });
}
