// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useMemo, useState } from 'react';
import { api, type Schemas } from '../api/client';
import { Problem, problemOf } from '../api/problem';
import { type Checked, checkProof } from './check';
import { differences, type Shown } from './differs';
import { BadProof } from './fault';
import { type Key, parseKey } from './note';

// Result is what came of checking one proof. differs are fields in which the page shows
// something else than the log has.
export interface Result {
  bytes: Uint8Array | null;
  checked: Checked | null;
  differs: string[];
  bad: BadProof | null;
  problem: Problem | null; // it could not be fetched
}

export const nameOf = (e: { log: string; index: number }) => `${e.log}/${e.index}`;
export const proofPath = (e: { log: string; index: number }) => `/api/evidence/${encodeURIComponent(e.log)}/${e.index}/proof`;
export const fileOf = (e: { log: string; index: number }) => `${e.log.replace(/[^A-Za-z0-9-]/g, '_')}-${e.index}.proof`;

// useProofs fetches proofs and checks them here, when asked.
export function useProofs() {
  const components = api.useQuery('get', '/api/components', {}, { enabled: false });
  const [results, setResults] = useState<ReadonlyMap<string, Result>>(new Map());
  const [busy, setBusy] = useState(false);
  return useMemo(() => {
    const check = async (entries: Shown[]) => {
      setBusy(true);
      const { data, error } = await components.refetch();
      const keys = (data?.items ?? []).flatMap((c) => parseKey(c.logKey ?? '') ?? []);
      const waiting = [...entries];
      const work = async () => {
        for (let e = waiting.shift(); e !== undefined; e = waiting.shift()) {
          const result = error ? failed(error) : await checkOne(e, keys);
          const name = nameOf(e);
          setResults((r) => new Map(r).set(name, result));
        }
      };
      await Promise.all([work(), work(), work(), work()]);
      setBusy(false);
    };
    return { results, busy, check };
  }, [components.refetch, results, busy]);
}

function failed(error: unknown): Result {
  return { bytes: null, checked: null, differs: [], bad: null, problem: problemOf(error) };
}

async function checkOne(e: Shown, keys: Key[]): Promise<Result> {
  let bytes: Uint8Array;
  try {
    const response = await fetch(proofPath(e));
    if (!response.ok) throw new Problem((await response.json()) as Partial<Schemas['ProblemDocument']>);
    bytes = new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    return failed(error);
  }
  try {
    const checked = checkProof(bytes, keys);
    return { bytes, checked, differs: differences(e, checked), bad: null, problem: null };
  } catch (error) {
    if (!(error instanceof BadProof)) throw error;
    return { bytes, checked: null, differs: [], bad: error, problem: null };
  }
}
