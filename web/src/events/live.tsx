// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useEffect, useMemo, useRef, useState } from 'react';
import { type Event, listen, type Standing } from './feed';
import { Cadence } from './cadence';

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

// rest is for how long the answers that a topic concerns are left alone once they were read
// anew, in milliseconds. Nobody reads a list that is another one each second, and each
// reading leaves a browser megabytes to tidy up.
const rest = (topic: string) => (topic === 'evidence' || topic === 'crossings' ? 3000 : 1000);

// LiveProvider reads anew what changed, while it is shown. While paused it gathers, and
// reads once afterwards.
export function LiveProvider({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [standing, setStanding] = useState<Standing>('waiting');
  const [paused, pause] = useState(false);
  const cadence = useRef(new Cadence(rest));
  useEffect(() => {
    let timer: number | undefined;
    const plan = () => {
      window.clearTimeout(timer);
      const wait = cadence.current.wait(Date.now());
      if (wait !== undefined && !paused) timer = window.setTimeout(work, wait);
    };
    const work = () => {
      readTopics(queries, cadence.current.take(Date.now()));
      plan();
    };
    const hear = (e: Event) => {
      cadence.current.hear(e.topic, Date.now());
      plan();
    };
    plan();
    const stop = listen(hear, setStanding);
    return () => {
      stop();
      window.clearTimeout(timer);
    };
  }, [queries, paused]);
  const value = useMemo(() => ({ standing, paused, pause }), [standing, paused]);
  return <Current.Provider value={value}>{children}</Current.Provider>;
}

// readTopics marks all answers that topics concern as old; those on the screen are read.
// A page that must not change by itself has meta { still: true } on its query.
function readTopics(queries: QueryClient, topics: string[]) {
  if (topics.length === 0) return;
  const all = topics.includes('all');
  const prefixes = topics.flatMap((t) => readAnew[t] ?? [`/api/${t}`]);
  void queries.invalidateQueries({
    predicate: (q) => {
      const path = String(q.queryKey[1] ?? '');
      return !q.meta?.still && (all || prefixes.some((p) => path.startsWith(p)));
    },
  });
}
