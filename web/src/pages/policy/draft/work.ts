// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useMemo, useState } from 'react';
import { client } from '../../../api/client';
import { problemOf } from '../../../api/problem';
import type { Texts } from './edit';

// Edit is what a person has made of a file and not saved: text, or null where it goes.
// from is what the file held when the edit began; null where it was not there.
interface Edit {
  from: string | null;
  text: string | null;
}

type Edits = ReadonlyMap<string, Edit>;

// Work is a draft at work: what the center holds, with what is not saved laid over it.
export interface Work {
  id: string;
  revision: number;
  texts: Texts; // all files as the person sees them
  saved: Texts; // all files as the center holds them
  changed: string[]; // paths that are not saved
  clashes: string[]; // of these, those that somebody else has saved meanwhile
  put: (files: Record<string, string | null>) => void; // one step, which can be undone
  type: (path: string, text: string) => void; // as put, but the editor itself undoes it
  undo: (() => void) | undefined;
  drop: (paths: string[]) => void; // takes what the center holds
  keep: (paths: string[]) => void; // takes one's own over what the center holds now
  save: () => Promise<void>;
  saveWith: (files: Record<string, string>) => Promise<void>; // with further files
}

export const WorkContext = createContext<Work | null>(null);

export function useDraft(): Work {
  const work = useContext(WorkContext);
  if (work === null) throw new Error('no draft');
  return work;
}

// useFiles reads the files of a draft with the revision that they are of.
export function useFiles(id: string) {
  return useQuery({
    queryKey: ['get', '/api/drafts/{id}/files', { id }],
    queryFn: async () => {
      const { data, response } = await client.GET('/api/drafts/{id}/files', { params: { path: { id } } });
      const texts: Texts = new Map((data?.files ?? []).map((f) => [f.path, f.text]));
      return { texts, revision: Number((response.headers.get('ETag') ?? '"0"').replaceAll('"', '')) };
    },
    staleTime: 0,
  });
}

const none: Texts = new Map();
const mostSteps = 100;

// laid are the files with edits over them.
export function laid(saved: Texts, edits: Edits): Texts {
  const all = new Map(saved);
  for (const [path, e] of edits) {
    if (e.text === null) all.delete(path);
    else all.set(path, e.text);
  }
  return new Map([...all].sort(([a], [b]) => (a < b ? -1 : 1)));
}

// withEdit is edits with one more; an edit that changes nothing is none.
export function withEdit(saved: Texts, edits: Edits, path: string, text: string | null): Edits {
  const out = new Map(edits);
  const now = saved.get(path) ?? null;
  const from = edits.has(path) ? edits.get(path)!.from : now;
  if (text === now) out.delete(path);
  else out.set(path, { from, text });
  return out;
}

// useWork is the work at a draft, for the whole of its page.
export function useWork(id: string, files: { texts: Texts; revision: number } | undefined): Work {
  const queries = useQueryClient();
  const saved = files?.texts ?? none;
  const [edits, setEdits] = useState<Edits>(new Map());
  const [past, setPast] = useState<Edits[]>([]);
  const texts = useMemo(() => laid(saved, edits), [saved, edits]);
  const changed = useMemo(() => [...edits].filter(([p, e]) => e.text !== (saved.get(p) ?? null)).map(([p]) => p), [edits, saved]);
  const clashes = useMemo(() => changed.filter((p) => edits.get(p)!.from !== (saved.get(p) ?? null)), [changed, edits, saved]);
  const type = useCallback((path: string, text: string) => setEdits((before) => withEdit(saved, before, path, text)), [saved]);
  const put = (list: Record<string, string | null>) => {
    setPast([...past, edits].slice(-mostSteps));
    setEdits(Object.entries(list).reduce((all, [path, text]) => withEdit(saved, all, path, text), edits));
  };
  const step = (after: Edits) => {
    setPast([...past, edits].slice(-mostSteps));
    setEdits(after);
  };
  const undo = () => {
    setEdits(past[past.length - 1]!);
    setPast(past.slice(0, -1));
  };
  const drop = (paths: string[]) => step(new Map([...edits].filter(([p]) => !paths.includes(p))));
  const keep = (paths: string[]) => step(new Map([...edits].map(([p, e]) => [p, paths.includes(p) ? { ...e, from: saved.get(p) ?? null } : e])));
  const saveWith = async (more: Record<string, string>) => {
    const whole = laid(texts, new Map(Object.entries(more).map(([path, text]) => [path, { from: null, text }])));
    try {
      await send(id, files?.revision ?? 0, whole, [...new Set([...changed, ...Object.keys(more)])]);
      setEdits(new Map());
      setPast([]);
    } catch (e) {
      // Somebody was quicker: what they saved is read, and what was typed is kept.
      if (problemOf(e).code === 'stale') await queries.refetchQueries({ queryKey: ['get', '/api/drafts/{id}/files', { id }] });
      throw e;
    }
    await queries.refetchQueries({ queryKey: ['get', '/api/drafts/{id}/files', { id }] });
    void queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/drafts') });
  };
  return { id, revision: files?.revision ?? 0, texts, saved, changed, clashes, put, type, undo: past.length > 0 ? undo : undefined, drop, keep, save: () => saveWith({}), saveWith };
}

// send saves what changed: one file alone, or all at once, so that no other reads a half.
async function send(id: string, revision: number, texts: Texts, changed: string[]) {
  const header = { 'If-Match': `"${revision}"` };
  const [path] = changed;
  if (path !== undefined && changed.length === 1) {
    const params = { path: { id }, query: { path }, header };
    const text = texts.get(path);
    if (text === undefined) await client.DELETE('/api/drafts/{id}/file', { params });
    else await client.PUT('/api/drafts/{id}/file', { params, body: { text } });
  } else {
    await client.PUT('/api/drafts/{id}/files', { params: { path: { id }, header }, body: { files: [...texts].map(([p, text]) => ({ path: p, text })) } });
  }
}
