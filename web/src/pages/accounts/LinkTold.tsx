// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { api, type Schemas } from '../../api/client';
import { Time } from '../../parts/Time';
import { useText } from './text';
import { Told } from './Told';
import { addressOf } from './linkAddress';

// LinkTold shows a one-time link to who made it, once.
export function LinkTold({ link, person, by, onClose }: { link: Schemas['AccountLink'] | null; person: string; by: string; onClose: () => void }) {
  const t = useText();
  const setup = api.useQuery('get', '/api/setup', {});
  if (link === null) return null;
  return (
    <Told open title={t.link.title(person)} secret={addressOf(link, setup.data, window.location.origin)} onClose={onClose}>
      <div>
        {t.link.tell(person)} <Time at={link.expires} />
      </div>
      <div>{by}</div>
    </Told>
  );
}
