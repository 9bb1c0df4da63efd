// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Fragment, type ReactNode, useState } from 'react';

interface KeptProps<T> {
  of: T | null | undefined; // what the dialog is of; none while it is closed. Not made anew on each render
  children: (of: T, open: boolean) => ReactNode;
}

// Kept keeps a dialog while it closes: one that is gone at once cannot give the focus back
// to the button that opened it. Each time that it opens it begins anew.
export function Kept<T>({ of, children }: KeptProps<T>) {
  const open = of !== null && of !== undefined;
  const [last, keep] = useState({ of, open, times: 0 });
  if (open !== last.open || (open && of !== last.of)) keep({ of: open ? of : last.of, open, times: last.times + (open && !last.open ? 1 : 0) });
  const shown = open ? of : last.of;
  if (shown === null || shown === undefined) return null;
  return <Fragment key={last.times}>{children(shown, open)}</Fragment>;
}
