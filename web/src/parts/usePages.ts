// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';

interface PageOf<T> {
  items?: T[] | null;
  next?: string;
}

// usePages reads a list page by page, by the center's cursors. path and query are the
// name of the answer for reading it anew (events/live); read makes the call.
export function usePages<T>(path: string, query: object, read: (after: string | undefined) => Promise<PageOf<T> | undefined>, enabled = true) {
  const answer = useInfiniteQuery({
    queryKey: ['get', path, query],
    queryFn: ({ pageParam }) => read(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last?.next || undefined,
    placeholderData: keepPreviousData,
    maxPages: 20,
    enabled,
  });
  return {
    items: (answer.data?.pages ?? []).flatMap((p) => p?.items ?? []),
    isPending: answer.isPending,
    isFetching: answer.isFetching,
    error: answer.error,
    more: answer.hasNextPage ? () => void answer.fetchNextPage() : undefined,
    again: () => void answer.refetch(),
  };
}
