// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Button, Modal, Typography } from 'antd';
import type { ReactNode } from 'react';
import { useText } from './text';

interface ToldProps {
  open: boolean;
  title: string;
  secret: string;
  close?: string; // the word on the button that ends it
  onClose: () => void;
  children: ReactNode;
}

// Told shows what the center tells once: a code, a link, a secret. It is left by its
// button only, so that a slip of the hand does not lose it.
export function Told({ open, title, secret, close, onClose, children }: ToldProps) {
  const t = useText();
  return (
    <Modal
      open={open}
      title={title}
      closable={false}
      keyboard={false}
      mask={{ closable: false }}
      destroyOnHidden
      footer={
        <Button type="primary" onClick={onClose}>
          {close ?? t.close}
        </Button>
      }
    >
      <div className="stack">
        <Alert type="warning" showIcon title={t.once} />
        <Typography.Paragraph className="told" copyable={{ text: secret, tooltips: [t.copy, t.copied] }}>
          <code>{secret}</code>
        </Typography.Paragraph>
        {children}
      </div>
    </Modal>
  );
}
