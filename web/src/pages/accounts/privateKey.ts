// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// isPrivate tells whether a text is the private half of a key, as PEM and OpenSSH mark it.
export function isPrivate(text: string): boolean {
  return /PRIVATE KEY-----/.test(text);
}
