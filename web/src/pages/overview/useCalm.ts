// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useEffect, useRef, useState } from 'react';

// useCalm gives a value anew only after a while: tables are costly to draw, and numbers
// that change each second cannot be read.
export function useCalm<T>(value: T, millis: number): T {
  const [calm, setCalm] = useState(value);
  const newest = useRef(value);
  useEffect(() => {
    newest.current = value;
  }, [value]);
  useEffect(() => {
    const timer = window.setInterval(() => setCalm(newest.current), millis);
    return () => window.clearInterval(timer);
  }, [millis]);
  return calm;
}
