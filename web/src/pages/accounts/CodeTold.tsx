// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Schemas } from '../../api/client';
import { useText } from './text';
import { Told } from './Told';

// CodeTold shows the code of a new account to who made it, once, and what comes next.
export function CodeTold({ invited, onClose }: { invited: Schemas['Invited'] | null; onClose: () => void }) {
  const t = useText();
  if (invited === null) return null;
  const { name, person } = invited.account;
  return (
    <Told open title={t.code.title(name)} secret={invited.code} onClose={onClose}>
      <div>{t.code.tell(person)}</div>
      <div>
        {t.code.next}
        <ol className="next-steps">
          <li>{t.code.step1}</li>
          <li>{t.code.step2(person)}</li>
          <li>{t.code.step3}</li>
        </ol>
      </div>
    </Told>
  );
}
