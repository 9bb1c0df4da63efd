// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { type TableProps } from 'antd';
import { useState } from 'react';
import { api, client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { List } from '../../parts/List';
import { Time } from '../../parts/Time';
import { MakeToken } from './MakeToken';
import { Told } from './Told';
import { TakeBack } from './TakeBack';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';

type One = Schemas['AccountAPIToken'];

// SelfTokens let programs call in one's name.
export function SelfTokens() {
  const words = useText().self.tokens;
  const answer = api.useQuery('get', '/api/self/tokens', {});
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<Schemas['MadeToken'] | null>(null);
  return (
    <div className="stack">
      <div className="lead">{words.lead}</div>
      <div>
        <Act call="create-token" type="primary" onClick={() => setMaking(true)}>
          {words.make}
        </Act>
      </div>
      <List<One>
        label={words.label}
        rowKey="id"
        columns={useColumns()}
        items={answer.data?.items}
        pending={answer.isPending}
        error={answer.error}
        again={() => void answer.refetch()}
        empty={words.empty}
      />
      <MakeToken open={making} onLeave={() => setMaking(false)} onMade={(m) => (setMaking(false), setMade(m))} />
      <Told open={made !== null} title={words.madeTitle(made?.token.name ?? '')} secret={made?.secret ?? ''} close={words.close} onClose={() => setMade(null)}>
        <div>{words.madeLead}</div>
      </Told>
    </div>
  );
}

function useColumns(): TableProps<One>['columns'] {
  const words = useText().self.tokens;
  return [
    { title: words.name, key: 'name', render: (_, k) => <code>{k.name}</code> },
    { title: words.rights, key: 'rights', render: (_, k) => (k.readOnly ? words.reads : words.changes) },
    { title: words.ends, key: 'ends', render: (_, k) => <Time at={k.expires} /> },
    { title: words.created, key: 'created', render: (_, k) => <Time at={k.created} /> },
    { title: words.used, key: 'used', render: (_, k) => <Time at={k.used} /> },
    { title: words.revoke, key: 'act', render: (_, k) => <Revoke token={k} /> },
  ];
}

function Revoke({ token }: { token: One }) {
  const words = useText().self.tokens;
  const readAnew = useReadAnew();
  const revoke = async () => {
    await client.DELETE('/api/self/tokens/{token}', { params: { path: { token: token.id } } });
    await readAnew('/api/self/tokens');
  };
  return <TakeBack call="revoke-token" title={words.revokeTitle(token.name)} lead={words.revokeLead} word={words.revoke} said={words.revoked} make={revoke} />;
}
