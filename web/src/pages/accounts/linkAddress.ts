// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';

// addressOf is a link as its person opens it: at the name that administrators use, where
// one is set, since whoever makes it may have come by a number.
export function addressOf(link: Pick<Schemas['AccountLink'], 'path'>, setup: Pick<Schemas['Setup'], 'origins'> | undefined, here: string): string {
  const origins = setup?.origins ?? [];
  const origin = origins.includes(here) ? here : (origins[0] ?? here);
  return origin + link.path;
}
