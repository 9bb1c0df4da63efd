// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Progress, Skeleton, Typography } from 'antd';
import { api, type Schemas } from '../../api/client';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import { Section } from '../../parts/Section';
import { useText } from './retentionText';
import { percentOf, sizeOf } from './sizes';

// Disk is how full the disk of the logs is, and for how long it will do.
export function Disk() {
  const t = useText();
  const { data, error, refetch } = api.useQuery('get', '/api/retention/disk', {});
  return (
    <Section title={t.disk}>
      {error ? <ProblemView error={error} retry={() => void refetch()} /> : data ? <Forecast of={data} /> : <Skeleton active paragraph={{ rows: 1 }} />}
    </Section>
  );
}

function Forecast({ of: f }: { of: Schemas['RetentionForecast'] }) {
  const t = useText();
  const percent = percentOf(f.used, f.total);
  const said = t.used(sizeOf(f.used), sizeOf(f.total), percent);
  const growth = !f.since ? t.unknown : f.days >= 0 ? t.grows(sizeOf(f.daily), f.days) : t.growsNot(sizeOf(f.daily));
  return (
    <div className="disk stack">
      <Progress percent={percent} showInfo={false} status={f.need ? 'exception' : 'normal'} aria-label={said} />
      <div>
        {said} {growth}{' '}
        {f.since && (
          <Typography.Text type="secondary">
            {t.since} <Time at={f.since} />
          </Typography.Text>
        )}
      </div>
      {f.need && <Alert type="warning" showIcon title={t.needs[f.need.code]} description={t.advice} />}
    </div>
  );
}
