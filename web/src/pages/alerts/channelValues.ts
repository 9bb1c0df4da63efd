// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';
import { read, type Window, write } from './week';

type Wanted = Schemas['ChannelWanted'];

// Filled is what the form of a channel holds.
export type Filled = Omit<Wanted, 'windows' | 'headers' | 'set' | 'id' | 'revision'> & {
  times?: Window[];
  headers?: { name: string; value: string }[];
};

// filledOf is a channel in the form, or what a new one begins with.
export function filledOf(channel: Schemas['ChannelBody'] | undefined, language: 'zh' | 'en', zone: string): Partial<Filled> {
  if (!channel) return { kind: 'mail', name: '', on: true, language, zone, least: 1, times: [] };
  const { windows, set: _set, standing: _standing, id: _id, revision: _revision, ...rest } = channel;
  return { ...rest, times: (windows ?? []).map(read).filter((w) => w !== undefined) };
}

// wantedOf is what is sent: what was left empty is left out, so that secrets stay.
export function wantedOf({ times = [], headers = [], ...rest }: Filled): Wanted {
  const said = Object.entries(rest).filter(([, v]) => v !== '' && v !== undefined && v !== null);
  const own = headers.filter((h) => h?.name);
  return {
    ...(Object.fromEntries(said) as unknown as Wanted),
    windows: times.map(write),
    ...(own.length > 0 ? { headers: Object.fromEntries(own.map((h) => [h.name, h.value ?? ''])) } : {}),
  };
}
