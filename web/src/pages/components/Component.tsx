// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Spin, Tabs } from 'antd';
import { Link, useParams } from 'react-router';
import { api } from '../../api/client';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { useAddress } from '../../parts/useAddress';
import { useMay } from '../../session/session';
import { AnswerFile } from './AnswerFile';
import './components.css';
import { Configuration } from './Configuration';
import { Dismiss } from './Dismiss';
import { Standing } from './Standing';
import { useText } from './text';

export default function Component() {
  const t = useText();
  const may = useMay();
  const { id = '' } = useParams();
  const address = useAddress();
  const answer = api.useQuery('get', '/api/components/{id}', { params: { path: { id } } });
  const c = answer.data;
  const actions = (
    <>
      <Link to="/components">{t.back}</Link>
      {may('find-entries') && <Link to={`/evidence?log=${encodeURIComponent(id)}`}>{t.evidence}</Link>}
      {c?.admitted && <AnswerFile id={id} />}
      {c?.admitted && c.state !== 'self' && <Dismiss id={id} />}
    </>
  );
  return (
    <Page title={id} actions={actions}>
      {answer.isPending && <Spin className="waiting" />}
      {answer.error && <ProblemView error={answer.error} retry={() => void answer.refetch()} />}
      {c && (
        <Tabs
          activeKey={address.one('tab') ?? 'facts'}
          onChange={(tab) => address.set({ tab: tab === 'facts' ? null : tab, from: null, to: null })}
          items={[
            { key: 'facts', label: t.tabs.facts, children: <Standing of={c} /> },
            { key: 'configuration', label: t.tabs.configuration, children: <Configuration id={id} of={c.configuration} /> },
          ]}
        />
      )}
    </Page>
  );
}
