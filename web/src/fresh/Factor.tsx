// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { startAuthentication } from '@simplewebauthn/browser';
import { Button, Form, Input, Modal } from 'antd';
import { useEffect, useState } from 'react';
import { client } from '../api/client';
import { Problem } from '../api/problem';
import { texts } from '../language/texts';
import { ProblemView } from '../parts/ProblemView';
import { onAsk } from './ask';

const useText = texts(
  {
    title: 'Show your second factor again',
    why: 'What you do weighs much, so it wants the second factor shown within the last five minutes. It goes on by itself afterwards.',
    code: 'Six digits of your authenticator',
    show: 'Show',
    passkey: 'Use a passkey',
  },
  {
    title: '请再次出示第二因素',
    why: '此操作影响重大，需要五分钟内出示过第二因素。出示后操作会自动继续。',
    code: '身份验证器的六位数字',
    show: '出示',
    passkey: '使用通行密钥',
  },
);

// Factor is the one dialog that asks for the second factor again.
export function Factor() {
  const t = useText();
  const [done, setDone] = useState<((shown: boolean) => void) | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [code, setCode] = useState('');
  useEffect(() => onAsk((d) => (setError(null), setCode(''), setDone(() => d))), []);
  const end = (shown: boolean) => {
    done?.(shown);
    setDone(null);
  };
  const show = async (proof: () => Promise<{ totp?: string; passkey?: unknown }>) => {
    setBusy(true);
    setError(null);
    try {
      await client.POST('/api/session/fresh', { body: await proof() });
      end(true);
    } catch (e) {
      if (e instanceof Problem || e instanceof TypeError) setError(e); // else the person has left the browser's own dialog
    } finally {
      setBusy(false);
    }
  };
  const passkey = async () => {
    const { data } = await client.POST('/api/session/passkey');
    const options = data?.options as { publicKey?: unknown };
    return { passkey: await startAuthentication({ optionsJSON: (options.publicKey ?? options) as never }) };
  };
  return (
    <Modal open={done !== null} title={t.title} footer={null} destroyOnHidden onCancel={() => end(false)} width={420}>
      <p>{t.why}</p>
      {error !== null && <ProblemView error={error} />}
      <Form layout="vertical" onFinish={() => void show(() => Promise.resolve({ totp: code }))}>
        <Form.Item label={t.code} htmlFor="fresh-code">
          <Input id="fresh-code" value={code} onChange={(e) => setCode(e.target.value.replace(/\D/g, ''))} maxLength={6} inputMode="numeric" autoComplete="one-time-code" autoFocus />
        </Form.Item>
        <Button type="primary" htmlType="submit" loading={busy} disabled={code.length !== 6}>
          {t.show}
        </Button>{' '}
        <Button onClick={() => void show(passkey)} disabled={busy}>
          {t.passkey}
        </Button>
      </Form>
    </Modal>
  );
}
