// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Skeleton } from 'antd';
import { Link, useParams } from 'react-router';
import { api } from '../../api/client';
import { texts } from '../../language/texts';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import './policy.css';
import { RehearsalView } from './RehearsalView';

const useText = texts(
  { title: 'Rehearsal', lead: 'Recorded decisions, decided anew by a draft. Nothing crosses by it.', draft: 'Its draft' },
  { title: '策略预演', lead: '用草稿重新判定历史记录，不产生任何实际交换。', draft: '所属草稿' },
);

export default function Rehearsal() {
  const t = useText();
  const { id = '' } = useParams();
  const answer = api.useQuery('get', '/api/rehearsals/{id}', { params: { path: { id } } }, { refetchInterval: (q) => (q.state.data?.state === 'running' ? 2000 : false) });
  return (
    <Page title={t.title} lead={t.lead} actions={answer.data && <Link to={`/policy/drafts/${answer.data.draft}?tab=rehearsal`}>{t.draft}</Link>}>
      {answer.error && <ProblemView error={answer.error} retry={() => void answer.refetch()} />}
      {answer.isPending && <Skeleton active />}
      {answer.data && <RehearsalView of={answer.data} />}
    </Page>
  );
}
