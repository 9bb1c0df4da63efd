// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Button, Modal } from 'antd';
import { useState } from 'react';
import { client, type Schemas } from '../../api/client';
import { texts } from '../../language/texts';
import { Act } from '../../parts/Act';
import { useAct } from '../../parts/useAct';

const useText = texts(
  {
    test: 'Test',
    of: (name: string) => `Send a test message: ${name}`,
    title: (name: string) => `Test of ${name}`,
    ok: 'The other side took it.',
    failed: 'The other side did not take it.',
    sent: 'What was sent, to the byte; secrets are shown as •••',
    answer: 'What the other side answered',
    nothing: '(nothing)',
    close: 'Close',
  },
  {
    test: '测试',
    of: (name) => `发送测试消息：${name}`,
    title: (name) => `测试 ${name}`,
    ok: '对方已接收。',
    failed: '对方没有接收。',
    sent: '实际发出的内容（逐字节；密钥显示为 •••）',
    answer: '对方的应答',
    nothing: '（无）',
    close: '关闭',
  },
);

// Trial is the button that sends a test message, and shows what was sent and answered.
export function Trial({ channel }: { channel: Schemas['ChannelBody'] }) {
  const t = useText();
  const [busy, act] = useAct();
  const [trace, show] = useState<Schemas['NotifyTrace'] | null>(null);
  const test = () => act(async () => show((await client.POST('/api/channels/{id}/test', { params: { path: { id: channel.id ?? '' } } })).data ?? null));
  return (
    <>
      <Act call="test-channel" size="small" loading={busy} aria-label={t.of(channel.name)} onClick={() => void test()}>
        {t.test}
      </Act>
      <Modal open={trace !== null} title={t.title(channel.name)} footer={<Button onClick={() => show(null)}>{t.close}</Button>} onCancel={() => show(null)} width={720} destroyOnHidden>
        {trace && <Traced trace={trace} />}
      </Modal>
    </>
  );
}

function Traced({ trace }: { trace: Schemas['NotifyTrace'] }) {
  const t = useText();
  return (
    <div className="stack">
      <Alert type={trace.ok ? 'success' : 'error'} showIcon title={trace.ok ? t.ok : t.failed} description={trace.error} />
      <div>
        <h3 className="alert-small">{t.sent}</h3>
        <pre className="alert-bytes" tabIndex={0}>{trace.sent || t.nothing}</pre>
      </div>
      <div>
        <h3 className="alert-small">{t.answer}</h3>
        <pre className="alert-bytes" tabIndex={0}>{trace.answer || t.nothing}</pre>
      </div>
    </div>
  );
}
