// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react';
import { type Event, listen, type Standing } from './feed';

// Which answers of the center are read anew when a topic is told.
const readAnew: Record<string, string[]> = {
  evidence: ['/api/evidence', '/api/crossings', '/api/questions'],
  crossings: ['/api/evidence', '/api/crossings', '/api/questions'],
  policy: ['/api/policies', '/api/drafts', '/api/rehearsals', '/api/partners', '/api/inbox', '/api/overview'],
  drafts: ['/api/drafts'],
  rehearsals: ['/api/rehearsals'],
  proposals: ['/api/proposals', '/api/inbox', '/api/policies'],
  components: ['/api/components', '/api/component-requests', '/api/standings', '/api/configuration', '/api/overview', '/api/inbox'],
  configuration: ['/api/components', '/api/configuration'],
  alerts: ['/api/alerts', '/api/inbox', '/api/overview'],
  silences: ['/api/silences', '/api/alerts'],
  rules: ['/api/rules'],
  channels: ['/api/channels'],
  findings: ['/api/findings', '/api/inbox'],
  inbox: ['/api/inbox'],
  accounts: ['/api/accounts', '/api/recoveries', '/api/session', '/api/settings', '/api/inbox'],
  reports: ['/api/reports', '/api/report-schedules'],
  retention: ['/api/retention', '/api/audit-classes'],
  exports: ['/api/exports/targets'],
  intake: ['/api/sources'],
};

interface Live {
  standing: Standing;
  paused: boolean; // the person wants what is shown to stand still
  pause: (p: boolean) => void;
}

const Current = createContext<Live>({ standing: 'waiting', paused: false, pause: () => undefined });
export const useLive = () => useContext(Current);

// mostOften is how often one kind of answer is read anew at most, in milliseconds.
const mostOften = 1000;

// LiveProvider reads anew what changed, while it is shown. While paused it gathers, and
// reads once afterwards.
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [standing, setStanding] = useState<Standing>('waiting');
  const [paused, pause] = useState(false);
  const due = useRef(new Set<string>());
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => {
    const work = () => {
      timer.current = undefined;
      if (paused) return;
      const topics = [...due.current];
      due.current.clear();
      readTopics(queries, topics);
    };
    const hear = (e: Event) => {
      due.current.add(e.topic);
      timer.current ??= window.setTimeout(work, mostOften);
    };
    if (!paused && due.current.size > 0) work();
    const stop = listen(hear, setStanding);
    return () => {
      stop();
      window.clearTimeout(timer.current);
      timer.current = undefined;
    };
  }, [queries, paused]);
  const value = useMemo(() => ({ standing, paused, pause }), [standing, paused]);
  return <Current.Provider value={value}>{children}</Current.Provider>;
}

// readTopics marks all answers that topics concern as old; those on the screen are read.
// A page that must not change by itself has meta { still: true } on its query.
function readTopics(queries: QueryClient, topics: string[]) {
  const all = topics.includes('all');
  const prefixes = topics.flatMap((t) => readAnew[t] ?? [`/api/${t}`]);
  void queries.invalidateQueries({
    predicate: (q) => {
      const path = String(q.queryKey[1] ?? '');
      return !q.meta?.still && (all || prefixes.some((p) => path.startsWith(p)));
    },
  });
}
