// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import type { Duty } from '../../api/calls';
import { ByName } from '../../parts/ByName';
import { useAct } from '../../parts/useAct';
import { useNames } from '../../shell/names';
import { LinkTold } from './LinkTold';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';

// ConfirmRecovery agrees that a duty get a new account, and shows its link.
export function ConfirmRecovery({ of, onLeave }: { of: Schemas['AccountRecovery'] | null; onLeave: () => void }) {
  const t = useText();
  const { duties } = useNames();
  const [, act] = useAct();
  const readAnew = useReadAnew();
  const [link, setLink] = useState<Schemas['AccountLink'] | null>(null);
  const duty = (link?.duty ?? of?.duty ?? 'system') as Duty;
  const confirm = async () => {
    const done = await act(async () => {
      const { data } = await client.POST('/api/recoveries/{duty}/confirm', { params: { path: { duty } } });
      setLink(data ?? null);
      await readAnew('/api/recoveries', '/api/inbox');
    });
    if (done) onLeave();
  };
  return (
    <>
      <ByName open={of !== null} name={duty} title={t.recovery.confirmTitle(duties[duty])} does={t.recovery.confirm} onDo={confirm} onLeave={onLeave}>
        <p>{t.recovery.confirmLead}</p>
        <ul>
          {(of?.ends ?? []).map((name) => (
            <li key={name}>{name}</li>
          ))}
        </ul>
      </ByName>
      <LinkTold link={link} person={duties[duty]} by={t.link.codeAsker} onClose={() => setLink(null)} />
    </>
  );
}
