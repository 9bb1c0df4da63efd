// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { api } from '../../api/client';
import { useMay } from '../../session/session';

// useProposalOf finds the proposal by which a publication was, or is to be, approved, and
// holds its payload against the publication.
export function useProposalOf(publication: { id: string; version: number } | undefined) {
  const may = useMay();
  const list = api.useQuery('get', '/api/proposals', { params: { query: { kind: 'publish-policy', limit: 100 } } }, { enabled: publication !== undefined && may('list-proposals') });
  const named = (list.data?.items ?? []).find((p) => p.about?.publication === publication?.id);
  const whole = api.useQuery('get', '/api/proposals/{id}', { params: { path: { id: named?.id ?? '' } } }, { enabled: named !== undefined });
  const payload = whole.data?.payload as { publication?: string } | undefined;
  return payload?.publication === publication?.id ? whole.data : undefined;
}
