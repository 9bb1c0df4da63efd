// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';

// useReadAnew marks answers as old, by the beginnings of their paths.
export function useReadAnew() {
  const queries = useQueryClient();
  return useCallback(
    (...paths: string[]) => queries.invalidateQueries({ predicate: (q) => paths.some((p) => String(q.queryKey[1]).startsWith(p)) }),
    [queries],
  );
}
