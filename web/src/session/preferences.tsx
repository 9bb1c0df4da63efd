// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';
import { type Language, SpokenProvider } from '../language/texts';

export type Shade = 'light' | 'dark' | 'system';

// Preferences are how a person is shown things. Language and zone are kept with the
// account too; the shade is this browser's.
export interface Preferences {
  language: Language;
  zone: string; // IANA name
  shade: Shade;
  set: (change: Partial<Pick<Preferences, 'language' | 'zone' | 'shade'>>) => void;
}

const Shown = createContext<Preferences | null>(null);
const kept = 'dukou.preferences';

function first(): Pick<Preferences, 'language' | 'zone' | 'shade'> {
  const usual = {
    language: (navigator.language.startsWith('zh') ? 'zh' : 'en') as Language,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    shade: 'system' as Shade,
  };
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(kept) ?? '{}') as object) };
  } catch {
    return usual;
  }
}

// PreferencesProvider gives its children the preferences and their language.
export function PreferencesProvider({ children }: { children: ReactNode }) {
  const [now, setNow] = useState(first);
  const set = useCallback<Preferences['set']>((change) => {
    setNow((before) => {
      const after = { ...before, ...change };
      localStorage.setItem(kept, JSON.stringify(after));
      return after;
    });
  }, []);
  const value = useMemo(() => ({ ...now, set }), [now, set]);
  return (
    <Shown.Provider value={value}>
      <SpokenProvider value={now.language}>{children}</SpokenProvider>
    </Shown.Provider>
  );
}

export function usePreferences(): Preferences {
  const p = useContext(Shown);
  if (p === null) throw new Error('no preferences');
  return p;
}
