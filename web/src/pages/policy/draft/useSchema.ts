// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQuery } from '@tanstack/react-query';
import { client } from '../../../api/client';
import type { Schema } from './schema';

// useSchema is what files of policy may hold, as the center says. It changes with the
// center's program only.
export function useSchema() {
  return useQuery({
    queryKey: ['get', '/api/policies/schema', {}],
    queryFn: async () => (await client.GET('/api/policies/schema')) as { data?: Schema },
    select: (answer) => answer.data ?? {},
    staleTime: Number.POSITIVE_INFINITY,
    meta: { still: true },
  });
}
