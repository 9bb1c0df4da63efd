// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useCallback, useContext, useMemo } from 'react';
import { api, client, type Schemas } from '../api/client';
import { type Call, type Duty, mayCall } from '../api/calls';
import { problemOf } from '../api/problem';

// Person is who has signed in.
export interface Person {
  account: Schemas['Account'];
  session: Schemas['AccountSession'];
  duty: Duty;
  may: (call: Call) => boolean;
  signOut: () => Promise<void>;
}

const Current = createContext<Person | null>(null);

// usePerson is who has signed in, on pages that only such a person sees.
export function usePerson(): Person {
  const person = useContext(Current);
  if (person === null) throw new Error('nobody has signed in');
  return person;
}

// useMay tells whether the person may make a call; nobody may make none.
export function useMay(): (call: Call) => boolean {
  const person = useContext(Current);
  return person?.may ?? ((call) => mayCall(undefined, call));
}

// useOwnSession asks the center who has signed in; its data is null for nobody.
export function useOwnSession() {
  return api.useQuery('get', '/api/session', {}, { retry: (n, e) => problemOf(e).status === 0 && n < 3, staleTime: 60_000 });
}

// SessionProvider gives its children the person.
export function SessionProvider({ body, children }: { body: Schemas['SessionBody']; children: ReactNode }) {
  const queries = useQueryClient();
  const signOut = useCallback(async () => {
    await client.DELETE('/api/session').catch(() => undefined); // it may have ended already
    queries.clear();
    window.location.hash = '#/sign-in';
    window.location.reload();
  }, [queries]);
  const person = useMemo<Person | null>(() => {
    if (!body.account?.duty) return null;
    const duty = body.account.duty;
    return { account: body.account, session: body.session, duty, may: (call) => mayCall(duty, call), signOut };
  }, [body, signOut]);
  return <Current.Provider value={person}>{children}</Current.Provider>;
}
