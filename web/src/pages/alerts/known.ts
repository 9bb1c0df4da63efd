// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { api } from '../../api/client';

// useComponents are the ids of the components, to choose from.
export function useComponents(): string[] {
  const { data } = api.useQuery('get', '/api/standings', {}, { staleTime: 60_000 });
  return (data ?? []).map((c) => c.id).sort();
}
