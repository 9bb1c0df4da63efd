// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';

// Passkeys tells what becomes of passkeys at the address where the page was opened.
export type Passkeys =
  | { here: true }
  | { here: false; why: 'unset' } // the center has no name that they could be for
  | { here: false; why: 'elsewhere'; at: string[]; byNumber: boolean } // they work at other addresses only
  | { here: false; why: 'browser' }; // this browser has none

// passkeysAt compares the page's origin with those that the center tells. A passkey is
// for a name; browsers refuse it at an address in numbers, whatever is set.
export function passkeysAt(setup: Pick<Schemas['Setup'], 'domain' | 'origins'>, origin: string, able: boolean): Passkeys {
  const origins = setup.origins ?? [];
  if (!setup.domain || origins.length === 0) return { here: false, why: 'unset' };
  if (!origins.some((o) => o.toLowerCase() === origin.toLowerCase())) {
    return { here: false, why: 'elsewhere', at: origins, byNumber: isNumber(origin) };
  }
  return able ? { here: true } : { here: false, why: 'browser' };
}

// isNumber tells whether an origin is an IP address, as https://10.0.0.5:8443.
export function isNumber(origin: string): boolean {
  try {
    const host = new URL(origin).hostname;
    return host.startsWith('[') || /^\d+(\.\d+){3}$/.test(host);
  } catch {
    return false;
  }
}

// backOf is where one goes after signing in: a page of the console, and nothing else.
export function backOf(wanted: string | null): string {
  if (wanted === null || !/^\/(?![/\\])/.test(wanted)) return '/overview';
  return /^\/(sign-in|link)(\/|\?|$)/.test(wanted) ? '/overview' : wanted;
}
