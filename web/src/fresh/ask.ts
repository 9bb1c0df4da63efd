// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

// Who waits for the second factor to be shown again. The dialog (Factor.tsx) listens.
type Asker = (done: (shown: boolean) => void) => void;

let asker: Asker | null = null;
let waiting: Promise<boolean> | null = null;

// onAsk registers the one dialog; it gives the way to take it back.
export function onAsk(a: Asker): () => void {
  asker = a;
  return () => {
    asker = null;
  };
}

// askFactor has the dialog shown, once for all calls that wait at the same time. It is
// false when the person leaves it.
export function askFactor(): Promise<boolean> {
  const ask = asker;
  if (ask === null) return Promise.resolve(false);
  waiting ??= new Promise<boolean>((resolve) => ask(resolve)).finally(() => {
    waiting = null;
  });
  return waiting;
}
