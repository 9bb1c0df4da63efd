// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { api } from '../../api/client';
import { useMay } from '../../session/session';

// useProposalOf finds the proposal by which a publication was, or is to be, approved.
export function useProposalOf(publication: string | undefined) {
  const may = useMay();
  const answer = api.useQuery('get', '/api/proposals', { params: { query: { kind: 'publish-policy', limit: 100 } } }, { enabled: publication !== undefined && may('list-proposals') });
  return (answer.data?.items ?? []).find((p) => p.kind === 'publish-policy' && (p.payload as { publication?: string } | undefined)?.publication === publication);
}
