// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Button, Modal } from 'antd';
import type { Schemas } from '../../api/client';
import { Facts } from '../../parts/Facts';
import { useText } from './exportsText';

// Tried shows what a test has sent, byte for byte.
export function Tried({ tried, onLeave }: { tried: Schemas['ExportTried'] | undefined; onLeave: () => void }) {
  const t = useText();
  const close = (
    <Button type="primary" onClick={onLeave}>
      {t.close}
    </Button>
  );
  return (
    <Modal open={tried !== undefined} title={t.testTitle} width={760} footer={close} onCancel={onLeave} destroyOnHidden>
      {tried && (
        <div className="stack">
          <Alert type={tried.sent ? 'success' : 'error'} showIcon title={tried.sent ? t.testSent : t.testFailed} description={tried.failure} />
          {tried.tls && (
            <Facts
              columns={1}
              of={[
                [t.tls, tried.tls],
                [t.peer, tried.peer],
              ]}
            />
          )}
          <Bytes label={t.bytes} text={tried.bytes} />
        </div>
      )}
    </Modal>
  );
}

// Bytes shows a message as it went over the line; what is no letter is shown by its sign.
export function Bytes({ label, text }: { label: string; text: string }) {
  return (
    <div>
      <div className="bytes-title">{label}</div>
      <pre className="sample mono bytes" tabIndex={0} aria-label={label}>
        {visible(text)}
      </pre>
    </div>
  );
}

// visible has signs for line feeds and other control characters, so that none is lost.
export function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f]/g, (c) => (c === '\n' ? '␊\n' : c === '\u007f' ? '␡' : String.fromCharCode(0x2400 + c.charCodeAt(0))));
}
