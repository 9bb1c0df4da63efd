// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Form, Input } from 'antd';
import { comparedOf } from './compared';
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
      hasFeedback={typed !== '' && is !== 'short'}
      validateStatus={is === 'same' ? 'success' : is === 'other' ? 'error' : ''}
      help={<span role={is === 'other' ? 'alert' : undefined}>{is === 'same' ? t.compare.same : is === 'other' ? t.compare.other : t.compare.help}</span>}
    >
      <Input id="compare-fingerprint" className="mono" value={typed} onChange={(e) => onType(e.target.value)} autoComplete="off" spellCheck={false} maxLength={200} />
    </Form.Item>
  );
}
