// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Form, Input, Modal } from 'antd';
import { type ReactNode, useState } from 'react';
import { texts } from '../language/texts';

const useText = texts(
  { type: (name: string) => `Type ${name} to go on`, cancel: 'Leave it as it is' },
  { type: (name: string) => `请输入 ${name} 以继续`, cancel: '保持不变' },
);

interface ByNameProps {
  open: boolean;
  name: string; // what is to be typed
  title: string;
  does: string; // the word on the button: what will be done
  ready?: boolean; // all else that is wanted is there
  children: ReactNode; // what happens, and what cannot be taken back
  onDo: () => void | Promise<unknown>; // when it was done it closes the dialog; else what was typed stays
  onLeave: () => void;
}

// ByName asks for the name of what is about to be lost, where it cannot be taken back.
export function ByName({ open, name, title, does, ready = true, children, onDo, onLeave }: ByNameProps) {
  const t = useText();
  const [typed, setTyped] = useState('');
  return (
    <Modal
      open={open}
      title={title}
      okText={does}
      okButtonProps={{ danger: true, disabled: typed !== name || !ready }}
      cancelText={t.cancel}
      onOk={async () => {
        await onDo();
      }}
      onCancel={onLeave}
      afterClose={() => setTyped('')}
      destroyOnHidden
    >
      {children}
      <Form layout="vertical">
        <Form.Item label={t.type(name)} htmlFor="by-name">
          <Input id="by-name" value={typed} onChange={(e) => setTyped(e.target.value)} autoComplete="off" />
        </Form.Item>
      </Form>
    </Modal>
  );
}
