// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Form, Input, Modal, Radio } from 'antd';
import { client, type Schemas } from '../../api/client';
import type { Duty } from '../../api/calls';
import { usePerson } from '../../session/session';
import { useNames } from '../../shell/names';
import { Trouble } from '../entrance/Trouble';
import { useFormAct } from '../entrance/useFormAct';
import { useText } from './text';
import { useReadAnew } from './useReadAnew';

interface Typed {
  duty: Duty;
  reason: string;
}

// AskRecovery asks that another duty get a new account.
export function AskRecovery({ open, onLeave, onAsked }: { open: boolean; onLeave: () => void; onAsked: (r: Schemas['RecoveryAsked']) => void }) {
  const t = useText();
  const { duties } = useNames();
  const own = usePerson().duty;
  const [form] = Form.useForm<Typed>();
  const { busy, error, act, setError } = useFormAct(form);
  const readAnew = useReadAnew();
  const submit = ({ duty, reason }: Typed) =>
    act(async () => {
      const { data } = await client.POST('/api/recoveries/{duty}', { params: { path: { duty } }, body: { reason } });
      void readAnew('/api/recoveries', '/api/inbox');
      if (data) onAsked(data);
    });
  const others = (Object.keys(duties) as Duty[]).filter((d) => d !== own).map((value) => ({ value, label: duties[value] }));
  return (
    <Modal
      open={open}
      title={t.recovery.askTitle}
      okText={t.recovery.ask}
      cancelText={t.cancel}
      confirmLoading={busy}
      onOk={() => form.submit()}
      onCancel={() => (setError(null), onLeave())}
      destroyOnHidden
    >
      <Trouble error={error} />
      <Form form={form} name="ask-recovery" layout="vertical" requiredMark={false} clearOnDestroy onFinish={(v) => void submit(v)}>
        <Form.Item name="duty" label={t.recovery.duty} rules={[{ required: true, message: t.wanted }]}>
          <Radio.Group aria-label={t.recovery.duty} options={others} />
        </Form.Item>
        <Form.Item name="reason" label={t.recovery.reason} extra={t.recovery.reasonHint} rules={[{ required: true, whitespace: true, message: t.wanted }]}>
          <Input.TextArea maxLength={500} autoSize={{ minRows: 2, maxRows: 6 }} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
