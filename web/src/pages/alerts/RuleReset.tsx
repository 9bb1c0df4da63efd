// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Form, Input, Modal } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { useAct } from '../../parts/useAct';
import { useRules } from './ruleText';
import { useRuleAnswer } from './useRuleAnswer';

const useText = texts(
  {
    title: (rule: string) => `Take back a setting of “${rule}”`,
    all: 'The default holds again for all that have no setting of their own.',
    one: (name: string) => `For ${name} holds again what holds for all.`,
    reason: 'Reason',
    two: 'Read by who has to approve it, if this makes a critical rule protect less.',
    ok: 'Take back',
    cancel: 'Leave it as it is',
  },
  {
    title: (rule) => `恢复“${rule}”的设置`,
    all: '所有未单独设置的对象将恢复默认值。',
    one: (name) => `${name} 将恢复为统一设置。`,
    reason: '原因',
    two: '如果降低了严重级别规则的保护，审批人会看到此原因。',
    ok: '恢复',
    cancel: '保持不变',
  },
);

// RuleReset takes a setting of a rule back.
export function RuleReset({ rule, open, name, onClose }: { rule: Schemas['MonitorView']; open: boolean; name: string; onClose: () => void }) {
  const t = useText();
  const words = useRules();
  const [busy, act] = useAct();
  const [reason, write] = useState('');
  const answer = useRuleAnswer();
  const reset = async () => {
    const params = { path: { rule: rule.id }, query: { for: name || undefined, reason: reason.trim() || undefined }, header: { 'If-Match': `"${rule.revision}"` } };
    const done = await act(async () => {
      try {
        answer.say((await client.DELETE('/api/rules/{rule}', { params })).data);
      } finally {
        await answer.read();
      }
    });
    if (done) onClose();
  };
  return (
    <Modal open={open} title={t.title(words.name(rule.id))} okText={t.ok} cancelText={t.cancel} confirmLoading={busy} onOk={() => void reset()} onCancel={onClose} destroyOnHidden>
      <p>{name === '' ? t.all : t.one(name)}</p>
      <Form layout="vertical" onFinish={() => void reset()}>
        <Form.Item label={t.reason} htmlFor="reset-reason" extra={t.two}>
          <Input id="reset-reason" value={reason} maxLength={2000} onChange={(e) => write(e.target.value)} />
        </Form.Item>
      </Form>
    </Modal>
  );
}
