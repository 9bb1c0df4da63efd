// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQuery } from '@tanstack/react-query';
import { client, type Schemas } from '../../api/client';

export interface RulesRead {
  rules: Schemas['AccountRules'];
  etag: string; // for If-Match of a change
}

// useRules reads the rules together with the mark of their revision, which only the
// answer's header has.
export function useRules() {
  return useQuery({
    queryKey: ['get', '/api/settings/accounts', 'with etag'],
    queryFn: async (): Promise<RulesRead> => {
      const { data, response } = await client.GET('/api/settings/accounts');
      if (!data) throw new Error('no rules');
      return { rules: data, etag: response.headers.get('ETag') ?? '' };
    },
  });
}
