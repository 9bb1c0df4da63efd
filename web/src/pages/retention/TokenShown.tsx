// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Modal, Typography } from 'antd';
import { useText } from './sourcesText';

// TokenShown shows a token the one time that the center gives it.
export function TokenShown({ token, onLeave }: { token: string | undefined; onLeave: () => void }) {
  const t = useText();
  return (
    <Modal
      open={token !== undefined}
      title={t.tokenTitle}
      okText={t.tokenKept}
      onOk={onLeave}
      onCancel={onLeave}
      mask={{ closable: false }}
      cancelButtonProps={{ hidden: true }}
      destroyOnHidden
    >
      <p>{t.tokenOnce}</p>
      <Typography.Text code className="secret" copyable={{ text: token ?? '', tooltips: [t.copy, t.copied] }}>
        {token}
      </Typography.Text>
    </Modal>
  );
}
