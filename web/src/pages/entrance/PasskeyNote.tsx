// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { browserSupportsWebAuthn } from '@simplewebauthn/browser';
import { Alert, Typography } from 'antd';
import type { Schemas } from '../../api/client';
import { type Passkeys, passkeysAt } from './place';
import { useText } from './text';

// passkeysHere tells what becomes of passkeys in this page.
export function passkeysHere(setup: Schemas['Setup'] | undefined): Passkeys | undefined {
  return setup && passkeysAt(setup, window.location.origin, browserSupportsWebAuthn());
}

// PasskeyNote says why a passkey does not work where the page was opened, and what does.
// quiet leaves out what a person at the sign-in page cannot change.
export function PasskeyNote({ passkeys, quiet = false }: { passkeys: Passkeys | undefined; quiet?: boolean }) {
  const words = useText().passkeys;
  if (passkeys === undefined || passkeys.here || (quiet && passkeys.why !== 'elsewhere')) return null;
  if (passkeys.why === 'unset') {
    const flag = <Typography.Text code>dukou-center -console-name console.bank.internal</Typography.Text>;
    return <Alert type="info" showIcon title={words.unsetTitle} description={<>{words.unset} {flag}</>} />;
  }
  if (passkeys.why === 'browser') return <Alert type="info" showIcon title={words.browserTitle} description={words.browser} />;
  return (
    <Alert
      type="info"
      showIcon
      title={passkeys.byNumber ? words.number : words.name}
      description={
        <>
          {words.elsewhere}
          {passkeys.at.map((origin) => (
            <div key={origin}>
              <a href={origin + window.location.pathname + window.location.hash}>{origin}</a>
            </div>
          ))}
        </>
      }
    />
  );
}
