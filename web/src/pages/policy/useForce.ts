// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useEffect, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { client } from '../../api/client';

// useForce asks which policy is in force, and how far this browser's clock is from the
// center's, so that a clock runs down by the center's time.
export function useForce(often = 15_000) {
  return useQuery({
    queryKey: ['get', '/api/policies/in-force', {}],
    queryFn: async () => {
      const { data, response } = await client.GET('/api/policies/in-force');
      const said = Date.parse(response.headers.get('Date') ?? '');
      return { force: data!, skew: Number.isNaN(said) ? 0 : Date.now() - said };
    },
    // Events tell of every change; this is for when they are lost.
    refetchInterval: (q) => (q.state.data?.force.waits ? often : 60_000),
  });
}

// useSecondsTo counts down to a moment of the center's clock.
export function useSecondsTo(until: string | undefined, skew: number): number | null {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!until) return undefined;
    setNow(Date.now());
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, [until]);
  if (!until) return null;
  return Math.max(0, Math.round((Date.parse(until) + skew - now) / 1000));
}

// clock writes seconds as 9:05 or 1:09:05.
export function clock(seconds: number): string {
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
