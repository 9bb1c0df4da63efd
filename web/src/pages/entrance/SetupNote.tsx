// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Typography } from 'antd';
import type { Schemas } from '../../api/client';
import type { Duty } from '../../api/calls';
import { useNames } from '../../shell/names';
import { useText } from './text';

// Command is a command to be copied.
export function Command({ of }: { of: string }) {
  const words = useText().setup;
  return (
    <Typography.Text code copyable={{ text: of, tooltips: [words.copy, words.copied] }}>
      {of}
    </Typography.Text>
  );
}

// SetupNote tells an installation apart that has not all its administrators.
export function SetupNote({ setup }: { setup: Schemas['Setup'] }) {
  const words = useText().setup;
  const { duties } = useNames();
  const missing = (setup.missing ?? []) as Duty[];
  const none = missing.length === Object.keys(duties).length;
  const description = (
    <>
      <p>{words.why}</p>
      <ul>
        {missing.map((d) => (
          <li key={d}>
            <strong>{duties[d]}</strong>
          </li>
        ))}
      </ul>
      <p>{words.how}</p>
      <ul className="commands">
        {missing.map((d) => (
          <li key={d}>
            <Command of={`dukou account link ${d}`} />
          </li>
        ))}
      </ul>
      <p>{words.after}</p>
    </>
  );
  return <Alert type="warning" showIcon title={none ? words.none : words.some} description={description} />;
}
