// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { App, Space } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { ByName } from '../../parts/ByName';
import { Kept } from '../../parts/Kept';
import { useAct } from '../../parts/useAct';
import { CodeTold } from './CodeTold';
import { GrantDuty } from './GrantDuty';
import { RenameAccount } from './RenameAccount';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';

type Open = 'rename' | 'grant' | 'disable' | null;

// AccountActs are what the duties can do to an account in the state that it is in.
export function AccountActs({ account }: { account: Schemas['Account'] }) {
  const t = useText();
  const [open, setOpen] = useState<Open>(null);
  const leave = () => setOpen(null);
  return (
    <Space wrap>
      {account.lockedUntil && <Unlock account={account} />}
      {account.state === 'invited' && (
        <>
          <Act call="grant-duty" type="primary" onClick={() => setOpen('grant')}>
            {account.duty ? t.one.grantAgain : t.one.grant}
          </Act>
          <NewCode account={account} />
        </>
      )}
      {account.state !== 'disabled' && (
        <>
          <Act call="rename-account" onClick={() => setOpen('rename')}>
            {t.one.rename}
          </Act>
          <Act call="disable-account" danger onClick={() => setOpen('disable')}>
            {t.one.disable}
          </Act>
        </>
      )}
      <GrantDuty account={account} open={open === 'grant'} onLeave={leave} />
      <Kept of={open === 'rename' ? account : null}>{(a, shown) => <RenameAccount account={a} open={shown} onLeave={leave} />}</Kept>
      <Disable account={account} open={open === 'disable'} onLeave={leave} />
    </Space>
  );
}

function Unlock({ account }: { account: Schemas['Account'] }) {
  const t = useText();
  const [busy, act] = useAct();
  const readAnew = useReadAnew();
  const unlock = () =>
    act(async () => {
      await client.POST('/api/accounts/{account}/unlock', { params: { path: { account: account.id } } });
      await readAnew('/api/accounts');
    }, t.one.unlocked);
  return (
    <Act call="unlock-account" type="primary" loading={busy} onClick={() => void unlock()}>
      {t.one.unlock}
    </Act>
  );
}

function NewCode({ account }: { account: Schemas['Account'] }) {
  const t = useText();
  const { modal } = App.useApp();
  const [busy, act] = useAct();
  const [invited, setInvited] = useState<Schemas['Invited'] | null>(null);
  const renew = () =>
    act(async () => {
      const { data } = await client.POST('/api/accounts/{account}/code', { params: { path: { account: account.id } } });
      setInvited(data ?? null);
    });
  const ask = () => modal.confirm({ title: t.one.newCode, content: t.one.newCodeLead, okText: t.one.newCode, cancelText: t.cancel, onOk: () => void renew() });
  return (
    <>
      <Act call="renew-account-code" loading={busy} onClick={() => void ask()}>
        {t.one.newCode}
      </Act>
      <CodeTold invited={invited} onClose={() => setInvited(null)} />
    </>
  );
}

function Disable({ account, open, onLeave }: { account: Schemas['Account']; open: boolean; onLeave: () => void }) {
  const t = useText();
  const [, act] = useAct();
  const readAnew = useReadAnew();
  const disable = async () => {
    const done = await act(async () => {
      await client.POST('/api/accounts/{account}/disable', { params: { path: { account: account.id } } });
      await readAnew('/api/accounts', '/api/sessions', '/api/inbox');
    }, t.one.disabled);
    if (done) onLeave();
  };
  return (
    <ByName open={open} name={account.name} title={t.one.disableTitle(account.name)} does={t.one.disable} onDo={disable} onLeave={onLeave}>
      <p>{t.one.disableLead}</p>
    </ByName>
  );
}
