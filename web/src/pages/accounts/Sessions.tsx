// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Segmented } from 'antd';
import { Page } from '../../parts/Page';
import { useAddress } from '../../parts/useAddress';
import { usePerson } from '../../session/session';
import { useNames } from '../../shell/names';
import './accounts.css';
import { SessionTable } from './SessionTable';
import { useText } from './text';

// Sessions are one's own, and everybody's for whom the center tells them.
export default function Sessions() {
  const t = useText();
  const names = useNames();
  const { duty } = usePerson();
  const address = useAddress();
  const mayAll = duty !== 'system'; // the center refuses it in any case; the table of calls does not tell
  const all = mayAll && address.one('whose') !== 'own';
  return (
    <Page title={all ? names.pages.sessions : t.sessions.ownTitle} lead={all ? t.sessions.lead : t.sessions.ownLead}>
      {mayAll && (
        <div className="filters">
          <Segmented
            aria-label={t.sessions.whose}
            value={all ? 'all' : 'own'}
            onChange={(whose) => address.set({ whose: whose === 'own' ? 'own' : null })}
            options={[
              { value: 'all', label: t.sessions.all },
              { value: 'own', label: t.sessions.own },
            ]}
          />
        </div>
      )}
      <SessionTable key={String(all)} all={all} />
    </Page>
  );
}
