// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { KeyOutlined } from '@ant-design/icons';
import { Alert, Typography } from 'antd';
import { useState } from 'react';
import { FileButton } from './FileButton';
import { readKey } from './key';
import { useSigningText, useText } from './text';

// maxKey bounds the file that is read, in bytes.
const maxKey = 8 << 10;

interface Chosen {
  name: string;
  fingerprint: string;
}

// KeyFile has an approver's key chosen and reads it into memory. onKey is given its PEM,
// or '' when what was chosen is no such key.
export function KeyFile({ onKey }: { onKey: (pem: string) => void }) {
  const t = useText();
  const say = useSigningText();
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [fault, setFault] = useState('');
  const read = async (file: File) => {
    setChosen(null);
    setFault('');
    try {
      if (file.size > maxKey) throw new Error(t.tooLarge);
      const pem = await file.text();
      setChosen({ name: file.name, fingerprint: readKey(pem).fingerprint });
      onKey(pem);
    } catch (e) {
      setFault(say(e) ?? (e instanceof Error ? e.message : String(e)));
      onKey('');
    }
  };
  return (
    <div className="stack">
      <div>
        <FileButton icon={<KeyOutlined />} label={t.label} onFile={(f) => void read(f)}>
          {chosen ? t.another : t.choose}
        </FileButton>
        {chosen && <Typography.Text className="wrap-anywhere"> {chosen.name}</Typography.Text>}
      </div>
      {chosen && (
        <div role="status">
          {t.fingerprint} <span className="mono wrap-anywhere">{chosen.fingerprint}</span>
        </div>
      )}
      {fault !== '' && <Alert type="error" showIcon role="alert" title={fault} />}
      <Typography.Text type="secondary">{t.stays}</Typography.Text>
    </div>
  );
}
