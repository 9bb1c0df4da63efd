// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Form, Input } from 'antd';
import { comparedOf } from './compared';
import './components.css';
import { useText } from './text';

export { comparedOf };

// Compare has the fingerprint typed that a person reads on a component's own screen, and
// holds it against the one that is asked for, which it does not show.
export function Compare({ fingerprint, typed, onType }: { fingerprint: string; typed: string; onType: (typed: string) => void }) {
  const t = useText();
  const is = comparedOf(typed, fingerprint);
  return (
    <Form.Item
      label={t.compare.label}
      htmlFor="compare-fingerprint"
      required
      validateStatus={is === 'same' ? 'success' : is === 'other' ? 'error' : ''}
      className="compare"
      help={<Help is={is} />}
    >
      <Input id="compare-fingerprint" className="mono" value={typed} onChange={(e) => onType(e.target.value)} autoComplete="off" spellCheck={false} maxLength={200} />
    </Form.Item>
  );
}

function Help({ is }: { is: 'short' | 'same' | 'other' }) {
  const t = useText();
  if (is === 'other') return <span role="alert">{t.compare.other}</span>;
  return <span role="status">{is === 'same' ? `✓ ${t.compare.same}` : t.compare.help}</span>;
}
