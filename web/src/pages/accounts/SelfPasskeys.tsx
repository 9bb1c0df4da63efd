// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { startRegistration } from '@simplewebauthn/browser';
import { App, Form, Input, Modal, type TableProps } from 'antd';
import { useState } from 'react';
import { api, client, type Schemas } from '../../api/client';
import { Problem } from '../../api/problem';
import { Act } from '../../parts/Act';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { PasskeyNote, passkeysHere } from '../entrance/PasskeyNote';
import { Trouble } from '../entrance/Trouble';
import { useFormAct } from '../entrance/useFormAct';
import { TakeBack } from './TakeBack';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';

type One = Schemas['AccountPasskey'];

// SelfPasskeys are the devices with which one shows the second factor.
export function SelfPasskeys() {
  const words = useText().self.passkeys;
  const setup = api.useQuery('get', '/api/setup', {});
  const here = passkeysHere(setup.data);
  const answer = api.useQuery('get', '/api/self/passkeys', {});
  const [adding, setAdding] = useState(false);
  return (
    <div className="stack">
      <div className="lead">{words.lead}</div>
      <PasskeyNote passkeys={here} />
      <div>
        <Act call="add-passkey" type="primary" disabled={here?.here !== true} onClick={() => setAdding(true)}>
          {words.add}
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
      <AddPasskey open={adding} onEnd={() => setAdding(false)} />
    </div>
  );
}

function useColumns(): TableProps<One>['columns'] {
  const words = useText().self.passkeys;
  return [
    { title: words.device, key: 'name', render: (_, p) => <span className="wrap-anywhere">{p.name}</span> },
    { title: words.domain, key: 'domain', render: (_, p) => <code>{p.domain}</code> },
    { title: words.state, key: 'state', render: (_, p) => <Mark tone={p.usable ? 'good' : 'warn'}>{p.usable ? words.usable : words.useless}</Mark> },
    { title: words.created, key: 'created', render: (_, p) => <Time at={p.created} /> },
    { title: words.used, key: 'used', render: (_, p) => <Time at={p.used} /> },
    { title: words.remove, key: 'act', render: (_, p) => <Remove passkey={p} /> },
  ];
}

function Remove({ passkey }: { passkey: One }) {
  const words = useText().self.passkeys;
  const readAnew = useReadAnew();
  const remove = async () => {
    await client.DELETE('/api/self/passkeys/{passkey}', { params: { path: { passkey: passkey.id } } });
    await readAnew('/api/self/passkeys');
  };
  return <TakeBack call="remove-passkey" title={words.removeTitle(passkey.name)} lead={words.removeLead} word={words.remove} said={words.removed} make={remove} />;
}

function AddPasskey({ open, onEnd }: { open: boolean; onEnd: () => void }) {
  const t = useText();
  const words = t.self.passkeys;
  const { message } = App.useApp();
  const [form] = Form.useForm<{ name: string }>();
  const { busy, error, act, setError } = useFormAct(form);
  const readAnew = useReadAnew();
  const end = () => (setError(null), onEnd());
  const submit = async ({ name }: { name: string }) => {
    let refused = false;
    const done = await act(async () => {
      const passkey = await made().catch((e: unknown) => {
        if (e instanceof Problem) throw e;
        refused = true; // by the browser, which says it in its own words only
      });
      if (!refused) await client.POST('/api/self/passkeys', { body: { name: name.trim(), passkey } });
    });
    if (refused) return setError(words.failed);
    if (!done) return;
    void message.success(words.added);
    await readAnew('/api/self/passkeys');
    end();
  };
  return (
    <Modal open={open} title={words.add} okText={words.go} cancelText={t.cancel} confirmLoading={busy} onOk={() => form.submit()} onCancel={end} destroyOnHidden>
      <Trouble error={error} />
      <Form form={form} name="add-passkey" layout="vertical" requiredMark={false} clearOnDestroy onFinish={(v) => void submit(v)}>
        <Form.Item name="name" label={words.name} extra={words.nameHint} rules={[{ required: true, whitespace: true, message: t.wanted }]}>
          <Input maxLength={64} autoComplete="off" autoFocus />
        </Form.Item>
      </Form>
    </Modal>
  );
}

// made has the browser make a passkey of what the center offers.
async function made() {
  const { data } = await client.POST('/api/self/passkeys/offer');
  const options = data?.options as { publicKey?: unknown };
  return startRegistration({ optionsJSON: (options.publicKey ?? options) as never });
}
