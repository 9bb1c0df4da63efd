// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useCallback, useMemo } from 'react';
import { useSearchParams } from 'react-router';

// useAddress keeps the filters of a list in the page's address, so that it can be sent to
// somebody and the way back works. A name may have several values; an empty list removes it.
export function useAddress() {
  const [params, setParams] = useSearchParams();
  const set = useCallback(
    (change: Record<string, string | string[] | undefined | null>) => {
      setParams((before) => {
        const after = new URLSearchParams(before);
        for (const [name, value] of Object.entries(change)) {
          after.delete(name);
          for (const v of Array.isArray(value) ? value : value ? [value] : []) after.append(name, v);
        }
        return after;
      });
    },
    [setParams],
  );
  return useMemo(
    () => ({
      one: (name: string) => params.get(name) ?? undefined,
      all: (name: string) => params.getAll(name),
      text: params.toString(),
      set,
    }),
    [params, set],
  );
}
