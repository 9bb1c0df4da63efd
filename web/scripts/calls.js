// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Writes which call of the interface may be made by whom, as the center's own table says.
import { readFileSync, writeFileSync } from 'node:fs';

const description = JSON.parse(readFileSync(new URL('../../cmd/dukou/openapi.json', import.meta.url), 'utf8'));
const lines = [];
for (const [path, methods] of Object.entries(description.paths)) {
  for (const [method, call] of Object.entries(methods)) {
    const row = { method: method.toUpperCase(), path, may: call['x-dukou-may'], fresh: call['x-dukou-fresh'] };
    lines.push(`  ${JSON.stringify(call.operationId)}: ${JSON.stringify(row)},`);
  }
}
writeFileSync(
  new URL('../src/api/calls.gen.ts', import.meta.url),
  `// Made of the interface's description by scripts/calls.js.\nexport const calls = {\n${lines.sort().join('\n')}\n} as const;\n`,
);
