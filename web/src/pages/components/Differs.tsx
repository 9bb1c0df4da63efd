// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button } from 'antd';
import { api, type Schemas } from '../../api/client';
import { ProblemView } from '../../parts/ProblemView';
import { useAddress } from '../../parts/useAddress';
import { Difference } from '../proposals/Difference';
import { useText } from './text';

// Differs shows what differs between the intended configuration and the one told last, or
// between the two that the address names.
export function Differs({ id, of: c }: { id: string; of: Schemas['InventoryComparison'] }) {
  const t = useText();
  const address = useAddress();
  const from = Number(address.one('from') ?? 0);
  const to = Number(address.one('to') ?? 0);
  const chosen = from > 0;
  const wanted = chosen || (Boolean(c.intended) && Boolean(c.number));
  const answer = api.useQuery('get', '/api/components/{id}/configuration/diff', { params: { path: { id }, query: { from, to } } }, { enabled: wanted });
  if (!wanted) return null;
  const word = (n: number, otherwise: string) => (n > 0 ? t.configuration.number(n) : otherwise);
  return (
    <section className="stack" aria-labelledby="differs-title">
      <div className="section-head">
        <h2 id="differs-title">{t.configuration.differs}</h2>
        <div>
          {t.configuration.differsLead(word(from, t.configuration.intendedWord), word(to, t.configuration.effectiveWord))}{' '}
          {chosen && (
            <Button type="link" size="small" onClick={() => address.set({ from: null, to: null })}>
              {t.configuration.backToNow}
            </Button>
          )}
        </div>
      </div>
      {answer.error && <ProblemView error={answer.error} retry={() => void answer.refetch()} />}
      {answer.data && (answer.data.same ? <div>{t.configuration.bothSame}</div> : <Difference of={answer.data.difference} />)}
    </section>
  );
}
