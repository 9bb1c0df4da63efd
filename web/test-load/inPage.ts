// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Shows is what is on the screen once a click is answered: all of there and none of gone
// (selectors), and a heading that begins so.
export interface Shows {
  there?: string[];
  gone?: string[];
  heading?: string;
  atLeast?: [selector: string, count: number];
  later?: string[]; // selectors that are gone when the chart is drawn too
}

// Answered is how long it took from the click to the frame that shows what was asked for,
// and to the one in which the chart is drawn too, in milliseconds.
export interface Answered {
  shown: number;
  whole: number;
}

interface Measuring {
  longest: Map<number, number>; // milliseconds of each interaction, by the browser's id
  arm: (shows: Shows) => void;
  answered: Promise<Answered>;
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
  const visible = (s: string) => [...document.querySelectorAll(s)].some((e) => e.getClientRects().length > 0);
  const fits = ({ there = [], gone = [], heading, atLeast }: Shows) =>
    there.every(visible) &&
    !gone.some(visible) &&
    (heading === undefined || (document.querySelector('#content h1')?.textContent ?? '').startsWith(heading)) &&
    (atLeast === undefined || document.querySelectorAll(atLeast[0]).length >= atLeast[1]);
  // drawn is when the frame was handed over in which something was so.
  const drawn = (is: () => boolean) =>
    new Promise<number>((resolve) => {
      const look = () => {
        if (!is()) return void requestAnimationFrame(look);
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => (port1.close(), resolve(performance.now()));
        port2.postMessage(null);
      };
      requestAnimationFrame(look);
    });
  const longest = new Map<number, number>();
  new PerformanceObserver((list) => {
    for (const e of list.getEntries() as (PerformanceEntry & { interactionId: number })[]) {
      if (e.interactionId) longest.set(e.interactionId, Math.max(longest.get(e.interactionId) ?? 0, e.duration));
    }
  }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit);
  const measuring: Measuring = {
    longest,
    answered: Promise.resolve({ shown: 0, whole: 0 }),
    arm: (shows) => {
      longest.clear();
      measuring.answered = new Promise((resolve) => {
        const clicked = async (e: MouseEvent) => {
          const shown = (await drawn(() => fits(shows))) - e.timeStamp;
          resolve({ shown, whole: (await drawn(() => !(shows.later ?? []).some(visible))) - e.timeStamp });
        };
        document.addEventListener('click', (e) => void clicked(e), { capture: true, once: true });
      });
    },
  };
  window.dukouLoad = measuring;
}
