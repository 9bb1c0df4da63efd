// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { EditOutlined } from '@ant-design/icons';
import { Alert, Empty, Skeleton } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { texts } from '../../language/texts';
import { Act } from '../../parts/Act';
import { Facts } from '../../parts/Facts';
import { Id } from '../../parts/Id';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import { useMay } from '../../session/session';
import { useNames } from '../../shell/names';
import { Decide } from './Decide';
import { NewDraft } from './NewDraft';
import { Publications } from './Publications';
import { PublicationState } from './states';
import { clock, useForce, useSecondsTo } from './useForce';
import { useProposalOf } from './useProposalOf';

const useText = texts(
  {
    lead: 'What every component decides by. It changes only by a publication that two security administrators sign.',
    draft: 'Make a draft of it',
    version: 'Version',
    flows: 'Flows',
    components: 'Components',
    created: 'Made',
    until: 'Holds until',
    digest: 'Digest of the bundle',
    source: 'Its files',
    here: 'are here: a draft can be made of them',
    away: 'are not here: it was applied as a file. Make the next draft of your own files.',
    publication: 'Publication',
    approved: 'Approved by',
    waits: 'A publication that is not settled',
    left: 'goes back by itself in',
    none: 'No policy is in force yet, so nothing may cross. Make a draft of a folder of files, and publish it.',
    list: 'Publications',
  },
  {
    lead: '所有部件据此判定。只有经两位安全管理员签名的发布才能改变它。',
    draft: '据此新建草稿',
    version: '版本',
    flows: '数据流',
    components: '部件',
    created: '生成时间',
    until: '有效期至',
    digest: '策略包摘要',
    source: '源文件',
    here: '保存在此，可据此新建草稿',
    away: '不在此处：该策略以文件方式应用。下一份草稿请用您自己的文件。',
    publication: '发布',
    approved: '批准人',
    waits: '尚未确定的发布',
    left: '自动回退倒计时',
    none: '尚无生效策略，任何内容都不能交换。请用策略文件夹新建草稿并发布。',
    list: '发布记录',
  },
);

export default function InForce() {
  const t = useText();
  const names = useNames();
  const [making, setMaking] = useState(false);
  const answer = useForce();
  const force = answer.data?.force;
  const action = (
    <Act call="create-draft" type="primary" icon={<EditOutlined />} onClick={() => setMaking(true)}>
      {t.draft}
    </Act>
  );
  return (
    <Page title={names.pages.inForce} lead={t.lead} actions={action}>
      {answer.error && <ProblemView error={answer.error} retry={() => void answer.refetch()} />}
      {answer.isPending && <Skeleton active paragraph={{ rows: 4 }} />}
      {force && (
        <div className="stack">
          <Waits />
          {force.version === 0 ? <Empty description={t.none} /> : <ForceFacts />}
        </div>
      )}
      <section className="policy-block">
        <h2>{t.list}</h2>
        <Publications />
      </section>
      <NewDraft open={making} from={force?.source ? 'in-force' : 'upload'} onClose={() => setMaking(false)} />
    </Page>
  );
}

function ForceFacts() {
  const t = useText();
  const may = useMay();
  const force = useForce().data!.force;
  const proposal = useProposalOf(force.publication ? { id: force.publication, version: force.version } : undefined);
  const voters = (proposal?.votes ?? []).filter((v) => v.yes).map((v) => v.name);
  const id = force.publication;
  return (
    <Facts
      of={[
        [t.version, force.version],
        [t.publication, id && <Id value={id} to={may('show-publication') ? `/policy/publications/${id}` : ''} />],
        [t.created, <Time key="c" at={force.created} />],
        [t.until, <Time key="u" at={force.until} />],
        [t.flows, force.flows],
        [t.components, force.components],
        [t.approved, voters.length > 0 && proposal ? <Link to={`/proposals/${proposal.id}`}>{voters.join(', ')}</Link> : ''],
        [t.source, force.source ? t.here : t.away],
        [t.digest, force.digest && <Id value={force.digest} length={24} />],
      ]}
    />
  );
}

// Waits is the publication that is on its way, with its clock.
function Waits() {
  const t = useText();
  const { data } = useForce();
  const p = data?.force.waits;
  const seconds = useSecondsTo(p?.state === 'unconfirmed' ? p.deadline : undefined, data?.skew ?? 0);
  if (!p) return null;
  const title = (
    <>
      {t.waits}: <Link to={`/policy/publications/${p.id}`}>{`${t.version} ${p.version} “${p.title}”`}</Link> <PublicationState state={p.state} />{' '}
      {seconds !== null && (
        <>
          {t.left} <strong className="mono clock">{clock(seconds)}</strong>
        </>
      )}
    </>
  );
  return <Alert type="warning" title={title} action={<Decide of={p} />} />;
}
