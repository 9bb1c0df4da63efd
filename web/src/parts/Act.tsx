// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Button, type ButtonProps } from 'antd';
import type { Call } from '../api/calls';
import { useMay } from '../session/session';

// Act is a button that makes a call. Whom the center's table does not let make it is not
// shown the button. data-call lets a test find every button of a call.
export function Act({ call, ...button }: { call: Call } & ButtonProps) {
  const may = useMay();
  if (!may(call)) return null;
  return <Button data-call={call} {...button} />;
}
