// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, Modal, Typography } from 'antd';
import { useText } from './sourcesText';

// TokenShown shows a token the one time that the center gives it.
export function TokenShown({ token, onLeave }: { token: string | undefined; onLeave: () => void }) {
  const t = useText();
  const kept = (
    <Button type="primary" onClick={onLeave}>
      {t.tokenKept}
    </Button>
  );
  return (
    <Modal open={token !== undefined} title={t.tokenTitle} footer={kept} onCancel={onLeave} mask={{ closable: false }} destroyOnHidden>
      <p>{t.tokenOnce}</p>
      <Typography.Text code className="secret" copyable={{ text: token ?? '', tooltips: [t.copy, t.copied] }}>
        {token}
      </Typography.Text>
    </Modal>
  );
}
