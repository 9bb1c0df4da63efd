// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

// sizeOf is a number of bytes as people say it: 1.5 GiB.
export function sizeOf(bytes: number): string {
  let n = Math.abs(bytes);
  let unit = 0;
  while (n >= 1024 && unit < units.length - 1) {
    n /= 1024;
    unit++;
  }
  const digits = unit === 0 || n >= 100 ? 0 : 1;
  return `${bytes < 0 ? '−' : ''}${n.toFixed(digits)} ${units[unit]}`;
}

// percentOf is how full something is, never rounded up to full.
export function percentOf(used: number, total: number): number {
  return total > 0 ? Math.min(100, Math.floor((used / total) * 100)) : 0;
}
