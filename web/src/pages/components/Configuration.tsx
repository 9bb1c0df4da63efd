// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { Alert, App, Space } from 'antd';
import { client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { Facts } from '../../parts/Facts';
import { Time } from '../../parts/Time';
import { useAct } from '../../parts/useAct';
import { FileButton } from '../../signing/FileButton';
import { save } from './download';
import { Differs } from './Differs';
import { History } from './History';
import { ConfigurationState } from './marks';
import { useText } from './text';

type Comparison = Schemas['InventoryComparison'];

const levels = { same: 'success', drift: 'error', unaccepted: 'warning', unknown: 'info' } as const;

// Configuration is what a component runs with, against what it should.
export function Configuration({ id, of: c }: { id: string; of: Comparison }) {
  const t = useText();
  const number = (n?: number) => (n ? t.configuration.number(n) : t.configuration.none);
  return (
    <div className="stack">
      <Alert type={levels[c.state]} showIcon title={t.configuration[c.state]} />
      <Facts
        of={[
          [t.configuration.state, <ConfigurationState state={c.state} />],
          [t.configuration.since, c.since && <Time at={c.since} />],
          [t.configuration.intended, number(c.intended)],
          [t.configuration.effective, number(c.number)],
          [t.configuration.checked, <Time at={c.checked} />],
          [t.configuration.acceptedBy, c.acceptedBy && <AcceptedBy of={c} />],
        ]}
      />
      <Acts id={id} of={c} />
      <Differs id={id} of={c} />
      <History id={id} of={c} />
    </div>
  );
}

function AcceptedBy({ of: c }: { of: Comparison }) {
  return (
    <>
      {c.acceptedBy} <Time at={c.accepted} />
    </>
  );
}

function Acts({ id, of: c }: { id: string; of: Comparison }) {
  const t = useText();
  const queries = useQueryClient();
  const { message } = App.useApp();
  const [busy, act] = useAct();
  const params = { path: { id } };
  const readAnew = () => queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/components') });
  const check = () => act(async () => (await client.POST('/api/components/{id}/configuration/check', { params }), await readAnew()), t.configuration.checkedSaid);
  const take = (file: File) =>
    act(async () => {
      const { data } = await client.POST('/api/components/{id}/configuration/archive', {
        params,
        body: file as unknown as string,
        bodySerializer: (b: unknown) => b as BodyInit,
        headers: { 'Content-Type': 'application/gzip' },
      });
      if (data) void message.success(t.configuration.imported(data.number));
      await readAnew();
    });
  return (
    <Space wrap>
      <Act call="check-configuration" loading={busy} onClick={() => void check()}>
        {t.configuration.check}
      </Act>
      {Boolean(c.intended) && <Export id={id} />}
      <FileButton call="import-configuration" label={t.configuration.importFile} accept=".gz" title={t.configuration.importHint} onFile={(f) => void take(f)}>
        {t.configuration.import}
      </FileButton>
    </Space>
  );
}

// Export gets the intended configuration, or a snapshot, as an archive.
export function Export({ id, number }: { id: string; number?: number }) {
  const t = useText();
  const [busy, act] = useAct();
  const get = () =>
    act(async () => {
      const { data, response } = await client.GET('/api/components/{id}/configuration/archive', { params: { path: { id }, query: { number } }, parseAs: 'blob' });
      save(data, response, `${id}.configuration.tar.gz`);
    });
  const one = number !== undefined;
  return (
    <Act call="export-configuration" size={one ? 'small' : 'middle'} type={one ? 'link' : 'default'} loading={busy} onClick={() => void get()}>
      {one ? t.configuration.exportOne : t.configuration.export}
    </Act>
  );
}
