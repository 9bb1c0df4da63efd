// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert } from 'antd';
import type { ReactNode } from 'react';
import { problemOf } from '../../api/problem';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import './entrance.css';
import { useText } from './text';

// Trouble stands above a form and says why it did not go on: a sentence, or what its call
// ended with.
export function Trouble({ error }: { error: unknown }) {
  const said = useSaid(error);
  return said && <div className="trouble">{said}</div>;
}

function useSaid(error: unknown): ReactNode {
  const words = useText().signIn;
  if (error === null || error === undefined) return null;
  if (typeof error === 'string') return <Alert type="error" showIcon role="alert" title={error} />;
  const problem = problemOf(error);
  if (problem.code === 'credentials-wrong') return <Alert type="error" showIcon role="alert" title={words.wrong} />;
  if (problem.code !== 'account-locked' || problem.until === undefined) return <ProblemView error={error} />;
  const description = (
    <>
      <div>
        {words.lockedUntil} <Time at={problem.until} />
      </div>
      {words.lockedHelp}
    </>
  );
  return <Alert type="error" showIcon role="alert" title={words.locked} description={description} />;
}
