// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { Alert, App, Form, Input, Modal, Select, Space } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { Act } from '../../parts/Act';
import { useProblemText } from '../../parts/ProblemView';
import { problemOf } from '../../api/problem';
import { usePerson } from '../../session/session';
import { type NextState, nextOf } from './moves';
import { useText } from './text';

type Finding = Schemas['Finding'];

// MoveChosen changes the state of several findings with the same words, and says of each
// that the center did not change why.
export function MoveChosen({ chosen, onDone }: { chosen: Finding[]; onDone: () => void }) {
  const t = useText();
  const [open, setOpen] = useState(false);
  return (
    <Space className="filters">
      <span role="status">{t.chosen(chosen.length)}</span>
      <Act call="move-finding" onClick={() => setOpen(true)}>
        {t.moveChosen}
      </Act>
      <MoveDialog open={open} chosen={chosen} onLeave={() => setOpen(false)} onDone={onDone} />
    </Space>
  );
}

function MoveDialog({ open, chosen, onLeave, onDone }: { open: boolean; chosen: Finding[]; onLeave: () => void; onDone: () => void }) {
  const t = useText();
  const { duty } = usePerson();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [form] = Form.useForm<{ state: NextState; text: string }>();
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string[]>([]);
  const move = useMoveAll();
  const offered = [...new Set(chosen.flatMap((f) => nextOf(f, duty).map((n) => n.state)))];
  const finish = async ({ state, text }: { state: NextState; text: string }) => {
    setBusy(true);
    const not = await move(chosen, state, text);
    setBusy(false);
    setRefused(not);
    void queries.invalidateQueries({ predicate: (q) => String(q.queryKey[1]).startsWith('/api/findings') });
    void message.info(t.results(chosen.length - not.length, not.length));
    if (not.length === 0) {
      onLeave();
      onDone();
    }
  };
  return (
    <Modal open={open} title={t.moveChosen} okText={t.save} cancelText={t.cancel} confirmLoading={busy} onOk={form.submit} onCancel={onLeave} destroyOnHidden>
      <p>{t.moveHint}</p>
      {refused.length > 0 && <Alert className="before-form" type="warning" showIcon title={t.notDone} description={refused.map((line) => <div key={line}>{line}</div>)} />}
      <Form form={form} layout="vertical" name="move-chosen" onFinish={(v) => void finish(v)}>
        <Form.Item name="state" label={t.to} rules={[{ required: true, message: t.needed }]}>
          <Select options={offered.map((value) => ({ value, label: t.states[value] }))} />
        </Form.Item>
        <Form.Item name="text" label={t.what} extra={t.wanted}>
          <Input.TextArea rows={3} maxLength={4000} />
        </Form.Item>
      </Form>
    </Modal>
  );
}

// useMoveAll moves findings one after the other, and gives a line for each that was not.
function useMoveAll() {
  const say = useProblemText();
  return async (chosen: Finding[], state: NextState, text: string) => {
    const not: string[] = [];
    for (const f of chosen) {
      try {
        await client.POST('/api/findings/{id}/state', { params: { path: { id: f.id }, header: { 'If-Match': `"${f.revision}"` } }, body: { state, text } });
      } catch (e) {
        not.push(`${f.title}: ${say(e)} ${problemOf(e).detail}`);
      }
    }
    return not;
  };
}
