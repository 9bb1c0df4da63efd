// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// The one stream of events, shared by all tabs of a browser: the tab that holds the lock
// listens to the center and tells the others. When it closes, another takes over.
export interface Event {
  topic: string; // as "alerts"; "all" when some were missed
  id?: string;
}

export type Standing = 'live' | 'waiting';

const name = 'dukou-events';

// listen hears events until stopped. Standing says whether the stream is there.
export function listen(onEvent: (e: Event) => void, onStanding: (s: Standing) => void): () => void {
  const stopped = new AbortController();
  const channel = new BroadcastChannel(name);
  channel.onmessage = (m: MessageEvent<{ event?: Event; standing?: Standing }>) => {
    if (m.data.event) onEvent(m.data.event);
    if (m.data.standing) onStanding(m.data.standing);
  };
  const tell = (message: { event?: Event; standing?: Standing }) => {
    channel.postMessage(message);
    if (message.event) onEvent(message.event);
    if (message.standing) onStanding(message.standing);
  };
  navigator.locks
    .request(name, { signal: stopped.signal }, () => lead(tell, stopped.signal))
    .catch(() => undefined); // stopped while it waited for the lock
  return () => {
    stopped.abort();
    channel.close();
  };
}

// lead listens to the center until stopped.
function lead(tell: (m: { event?: Event; standing?: Standing }) => void, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const source = new EventSource('/api/events');
    source.onopen = () => {
      tell({ standing: 'live' });
      tell({ event: { topic: 'all' } }); // what changed while nobody listened
    };
    source.onerror = () => tell({ standing: 'waiting' });
    source.onmessage = (m: MessageEvent<string>) => tell({ event: JSON.parse(m.data) as Event });
    stop.addEventListener('abort', () => {
      source.close();
      resolve();
    });
  });
}
