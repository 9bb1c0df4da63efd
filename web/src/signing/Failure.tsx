// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert } from 'antd';
import { ProblemView } from '../parts/ProblemView';
import { useSigningText } from './text';

// Failure says why nothing was signed, or what the center says of what was.
export function Failure({ error }: { error: unknown }) {
  const say = useSigningText();
  const text = say(error);
  return text ? <Alert type="error" showIcon role="alert" title={text} /> : <ProblemView error={error} />;
}
