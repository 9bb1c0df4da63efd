// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// parcelIn finds the id of a parcel in what somebody was given and types: 32 hexadecimal
// digits, also with dashes, spaces or braces, behind a word as "Dukou-Id:", or at the end
// of an address. Null when there is none.
export function parcelIn(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^.*[:=/#]/, '')
    .replace(/[\s{}"'-]/g, '')
    .toLowerCase();
  return /^[0-9a-f]{32}$/.test(bare) ? bare : null;
}
