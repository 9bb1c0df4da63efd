// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Spin } from 'antd';
import { api } from '../../api/client';
import { useLive } from '../../events/live';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import { useNames } from '../../shell/names';
import { Hand } from './Hand';
import { Picture } from './Picture';
import type { View } from './scene';
import { Strip } from './Strip';
import { Tables } from './Tables';
import { useText } from './text';
import { useCalm } from './useCalm';
import { useTrail } from './useTrail';
import './overview.css';

const every = 1000; // milliseconds; the center's answer is made for that

export default function Overview() {
  const t = useText();
  const names = useNames();
  const { paused } = useLive();
  const answer = api.useQuery('get', '/api/overview', {}, { refetchInterval: paused ? false : every });
  const view = answer.data;
  const trail = useTrail(view);
  return (
    <Page
      title={names.pages.overview}
      actions={
        view && (
          <span>
            {t.clock} <Time at={view.time} />
          </span>
        )
      }
    >
      {answer.error && (view ? <Alert type="warning" showIcon title={t.stale} role="alert" /> : <ProblemView error={answer.error} retry={() => void answer.refetch()} />)}
      {answer.isPending && <Spin className="waiting" />}
      {view && (
        <>
          <Strip view={view} trail={trail} />
          {view.policy.version === 0 && <Alert type="info" showIcon title={t.noPolicy} className="ov-note" />}
          <Picture view={view} />
          <Hand />
          <Calm view={view} />
        </>
      )}
    </Page>
  );
}

// Calm are the tables, drawn anew less often than the picture.
function Calm({ view }: { view: View }) {
  return <Tables view={useCalm(view, 3 * every)} />;
}
