// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { ConfigProvider, Form, Input, QRCode, theme, Typography } from 'antd';
import type { Schemas } from '../../api/client';
import { themeOf } from '../../shell/theme';
import './entrance.css';
import { useText } from './text';

// Authenticator shows what a new authenticator is set up with, and has the field "totp"
// for its first code.
export function Authenticator({ enrolment }: { enrolment: Schemas['Enrolment'] }) {
  const words = useText().authenticator;
  const spaced = enrolment.secret.replace(/(.{4})(?=.)/g, '$1 ');
  return (
    <div className="authenticator">
      {/* Many cameras read dark on light only, so that the picture is the same in the dark. */}
      <ConfigProvider theme={themeOf(false)}>
        <Picture url={enrolment.url} label={words.picture} />
      </ConfigProvider>
      <div className="authenticator-words">
        <p>{words.scan}</p>
        <p>
          {words.type}
          <br />
          <Typography.Text code className="secret-text" copyable={{ text: enrolment.secret, tooltips: [words.copy, words.copied] }}>
            {spaced}
          </Typography.Text>
        </p>
        <Digits name="totp" label={words.code} />
        <Typography.Text type="secondary">{words.once}</Typography.Text>
      </div>
    </div>
  );
}

function Picture({ url, label }: { url: string; label: string }) {
  const { token } = theme.useToken();
  return <QRCode aria-label={label} value={url} type="svg" size={200} errorLevel="M" color={token.colorText} bgColor={token.colorWhite} />;
}

// Digits is the field for six digits of an authenticator.
export function Digits({ name, label }: { name: string; label: string }) {
  const t = useText();
  return (
    <Form.Item
      name={name}
      label={label}
      normalize={(typed: string) => typed.replace(/\D/g, '').slice(0, 6)}
      rules={[{ required: true, pattern: /^\d{6}$/, message: t.signIn.codeForm }]}
      validateTrigger="onSubmit"
    >
      <Input className="digits" inputMode="numeric" autoComplete="one-time-code" autoFocus />
    </Form.Item>
  );
}
