// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { client, type Schemas } from '../../../api/client';
import { useMay } from '../../../session/session';
import type { Work } from './work';

// useChecked is the center's check of the draft, with what is not saved laid over it. A
// short rest in typing has it asked.
export function useChecked(work: Work, over?: Record<string, string>) {
  const may = useMay();
  const tries = may('try-draft');
  const files = work.changed.flatMap((path) => (work.texts.has(path) ? [{ path, text: work.texts.get(path)! }] : []));
  for (const [path, text] of Object.entries(over ?? {})) files.push({ path, text });
  const without = work.changed.filter((path) => !work.texts.has(path));
  const asked = JSON.stringify({ files, without });
  const rested = useRested(asked, 500);
  return useQuery<Schemas['DraftChecked']>({
    queryKey: ['get', '/api/drafts/{id}/check', { id: work.id, revision: work.revision, rested }],
    queryFn: async () => {
      const path = { id: work.id };
      const body = JSON.parse(rested) as { files: Schemas['DraftFile'][]; without: string[] };
      const whole = body.files.length === 0 && body.without.length === 0;
      if (whole || !tries) return (await client.GET('/api/drafts/{id}/check', { params: { path } })).data!;
      return (await client.POST('/api/drafts/{id}/check', { params: { path }, body })).data!;
    },
    placeholderData: keepPreviousData,
    enabled: work.revision > 0,
    staleTime: 60_000,
    gcTime: 10_000,
  });
}

// useRested is a value once it has rested for some time.
function useRested<T>(value: T, milliseconds: number): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setRested(value), milliseconds);
    return () => window.clearTimeout(timer);
  }, [value, milliseconds]);
  return rested;
}
