// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Shows is what is on the screen once a click is answered: all of there and none of gone
// (selectors), and a heading that begins so.
export interface Shows {
  there?: string[];
  gone?: string[];
  heading?: string;
  atLeast?: [selector: string, count: number];
}

interface Measuring {
  longest: Map<number, number>; // milliseconds of each interaction, by the browser's id
  arm: (shows: Shows) => void;
  answered: Promise<number>; // milliseconds from the click to the frame that shows it
}

declare global {
  interface Window {
    dukouLoad?: Measuring;
  }
}

// install runs in the page. It measures from the moment of the input, as the browser tells
// it, to the end of the frame in which what was waited for is drawn.
export function install(): void {
  if (window.dukouLoad) return;
  const visible = (s: string) => {
    const e = document.querySelector(s);
    return e !== null && e.getClientRects().length > 0;
  };
  const fits = ({ there = [], gone = [], heading, atLeast }: Shows) =>
    there.every(visible) &&
    !gone.some(visible) &&
    (heading === undefined || (document.querySelector('#content h1')?.textContent ?? '').startsWith(heading)) &&
    (atLeast === undefined || document.querySelectorAll(atLeast[0]).length >= atLeast[1]);
  const longest = new Map<number, number>();
  new PerformanceObserver((list) => {
    for (const e of list.getEntries() as (PerformanceEntry & { interactionId: number })[]) {
      if (e.interactionId) longest.set(e.interactionId, Math.max(longest.get(e.interactionId) ?? 0, e.duration));
    }
  }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit);
  const measuring: Measuring = {
    longest,
    answered: Promise.resolve(0),
    arm: (shows) => {
      longest.clear();
      measuring.answered = new Promise((resolve) => {
        const clicked = (e: MouseEvent) => {
          const drawn = () => {
            const { port1, port2 } = new MessageChannel(); // heard when the frame was handed over
            port1.onmessage = () => (port1.close(), resolve(performance.now() - e.timeStamp));
            port2.postMessage(null);
          };
          const look = () => (fits(shows) ? drawn() : requestAnimationFrame(look));
          requestAnimationFrame(look);
        };
        document.addEventListener('click', clicked, { capture: true, once: true });
      });
    },
  };
  window.dukouLoad = measuring;
}
