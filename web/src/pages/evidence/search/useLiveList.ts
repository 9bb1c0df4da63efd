// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQuery } from '@tanstack/react-query';
import { type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { arrive, extend, type PageOf, release, type Rows, rowsOf } from './rows';

type Read<T> = (after: string | undefined, live: boolean) => Promise<PageOf<T>>;

interface Shown<T> {
  of: string; // the query whose rows they are
  rows: Rows<T> | null;
}

// useLiveList reads the newest of a list, and reads it anew when events tell of new ones
// (events/live). around is the element that the list is in: while somebody reads there,
// rows keep their places.
export function useLiveList<T>(path: string, query: object, key: (item: T) => string, read: Read<T>, around: RefObject<HTMLElement | null>) {
  const of = JSON.stringify(query);
  const [shown, setShown] = useState<Shown<T>>({ of, rows: null });
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<unknown>(null);
  const asked = useRef('');
  const wanted = useRef(false); // the person asked for the newest ones
  const head = useQuery({
    queryKey: ['get', path, query],
    queryFn: async () => {
      const live = asked.current === of;
      const page = await read(undefined, live);
      asked.current = of;
      return { of, page };
    },
    meta: { still: 'to' in query }, // nothing new comes into a window that has ended
    structuralSharing: false,
    gcTime: 0,
    staleTime: 0,
  });
  useEffect(() => {
    const data = head.data;
    if (data === undefined) return;
    const stay = !wanted.current && reading(around.current);
    wanted.current = false;
    setShown((s) => ({ of: data.of, rows: s.of === data.of ? arrive(s.rows, data.page, key, stay) : rowsOf(data.page) }));
  }, [head.data, key, around]);
  const more = useCallback(async () => {
    setBusy(true);
    setFailed(null);
    try {
      const page = await read(shown.rows?.next, false);
      setShown((s) => (s.of === shown.of && s.rows ? { ...s, rows: extend(s.rows, page, key) } : s));
    } catch (e) {
      setFailed(e);
    } finally {
      setBusy(false);
    }
  }, [read, shown, key]);
  const { rows } = shown;
  return {
    rows,
    isPending: rows === null ? head.isPending : shown.of !== of && head.isFetching,
    busy,
    error: shown.of === of && rows ? failed : (head.error ?? failed),
    more: rows?.next ? () => void more() : undefined,
    again: () => {
      wanted.current = true;
      void head.refetch();
    },
    release: () => setShown((s) => (s.rows ? { ...s, rows: release(s.rows, key) } : s)),
  };
}

// reading tells whether somebody reads in an element: its top is scrolled away, the pointer
// or the focus is in it, text in it is selected, or a menu of it is open, which lies elsewhere
// in the document.
function reading(element: HTMLElement | null): boolean {
  if (element === null) return false;
  const selected = document.getSelection();
  return (
    element.getBoundingClientRect().top < 0 ||
    element.matches(':hover') ||
    element.contains(document.activeElement) ||
    element.querySelector('[aria-expanded=true]') !== null ||
    (selected !== null && !selected.isCollapsed && element.contains(selected.anchorNode))
  );
}
