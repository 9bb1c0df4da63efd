// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Form, Modal, Radio } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import type { Duty } from '../../api/calls';
import { useNames } from '../../shell/names';
import { Trouble } from '../entrance/Trouble';
import { useFormAct } from '../entrance/useFormAct';
import { LinkTold } from './LinkTold';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';

// GrantDuty gives an account its duty, and shows the link for its person.
export function GrantDuty({ account, open, onLeave }: { account: Schemas['Account']; open: boolean; onLeave: () => void }) {
  const t = useText();
  const { duties } = useNames();
  const [form] = Form.useForm<{ duty: Duty }>();
  const { busy, error, act, setError } = useFormAct(form);
  const readAnew = useReadAnew();
  const [link, setLink] = useState<Schemas['AccountLink'] | null>(null);
  const leave = () => {
    setError(null);
    onLeave();
  };
  const submit = async ({ duty }: { duty: Duty }) => {
    const done = await act(async () => {
      const { data } = await client.POST('/api/accounts/{account}/grant/{duty}', { params: { path: { account: account.id, duty } } });
      setLink(data ?? null);
      void readAnew('/api/accounts', '/api/inbox');
    });
    if (done) leave();
  };
  const options = (Object.keys(duties) as Duty[]).map((value) => ({ value, label: duties[value] }));
  return (
    <>
      <Modal open={open} title={t.one.grant} okText={t.one.grantGo} cancelText={t.cancel} confirmLoading={busy} onOk={() => form.submit()} onCancel={leave} destroyOnHidden>
        <p>{t.one.grantLead}</p>
        <Trouble error={error} />
        <Form form={form} name="grant-duty" layout="vertical" requiredMark={false} clearOnDestroy initialValues={{ duty: account.duty }} onFinish={(v) => void submit(v)}>
          <Form.Item name="duty" label={t.one.duty} rules={[{ required: true, message: t.wanted }]}>
            <Radio.Group aria-label={t.one.duty} options={options} />
          </Form.Item>
        </Form>
      </Modal>
      <LinkTold link={link} person={account.person} by={t.link.code} onClose={() => setLink(null)} />
    </>
  );
}
