// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { api } from '../../api/client';

// useKnown are the components and flows that there are, to choose from.
export function useKnown(): { components: string[]; flows: string[] } {
  const { data } = api.useQuery('get', '/api/overview', {}, { staleTime: 60_000 });
  return { components: (data?.components ?? []).map((c) => c.id), flows: (data?.flows ?? []).map((f) => f.name) };
}
