// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Spin, Typography } from 'antd';
import { useState } from 'react';
import { useParams } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { texts, useLanguage } from '../../language/texts';
import { Act } from '../../parts/Act';
import { Facts } from '../../parts/Facts';
import { Id } from '../../parts/Id';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { Time } from '../../parts/Time';
import { Acknowledge } from './Acknowledge';
import { About, AlertTable } from './AlertTable';
import { History } from './History';
import { AlertState, Level } from './Level';
import { usePart, useRules } from './ruleText';
import { SilenceDialog } from './SilenceDialog';
import './alerts.css';

const useText = texts(
  {
    title: 'Alert',
    take: 'Acknowledge',
    silence: 'Silence from here',
    state: 'State',
    level: 'Level',
    rule: 'Rule',
    of: 'Of',
    part: 'Part',
    measured: 'Measured',
    limit: (v: string) => `limit ${v}`,
    detail: 'In the words of who raised it',
    since: 'Since',
    until: 'Resolved',
    count: 'Times',
    again: (n: number) => `${n}: it came back within ten minutes of its end`,
    told: 'People were told',
    yes: 'yes',
    folded: 'not of this one: it follows from another alert, which is told in its place',
    quiet: 'no: a silence keeps it from being told',
    no: 'no',
    cause: 'Follows from',
    by: 'Acknowledged by',
    nobody: 'nobody yet',
    history: 'What happened',
    explains: 'What follows from it',
    nothing: 'Nothing else is wrong because of this.',
  },
  {
    title: '告警',
    take: '认领',
    silence: '静默此类',
    state: '状态',
    level: '级别',
    rule: '规则',
    of: '对象',
    part: '部分',
    measured: '测得',
    limit: (v) => `阈值 ${v}`,
    detail: '上报方的说明',
    since: '开始',
    until: '恢复',
    count: '次数',
    again: (n) => `${n}：恢复后十分钟内再次出现`,
    told: '是否通知人员',
    yes: '已通知',
    folded: '未单独通知：由其他告警引起，只通知其原因',
    quiet: '未通知：处于静默中',
    no: '未通知',
    cause: '原因',
    by: '认领人',
    nobody: '无人认领',
    history: '经过',
    explains: '由其引起',
    nothing: '没有由此引起的其他异常。',
  },
);

export default function Alert() {
  const t = useText();
  const { id = '' } = useParams();
  const story = api.useQuery('get', '/api/alerts/{id}', { params: { path: { id } } });
  if (story.error) {
    return (
      <Page title={t.title}>
        <ProblemView error={story.error} retry={() => void story.refetch()} />
      </Page>
    );
  }
  return story.data ? <Story alert={story.data} /> : <Spin className="waiting" />;
}

function Story({ alert }: { alert: Schemas['AlertStory'] }) {
  const t = useText();
  const language = useLanguage();
  const [asks, ask] = useState<'take' | 'silence' | null>(null);
  const firing = alert.state === 'firing';
  return (
    <Page
      title={`${t.title} · ${useRules().name(alert.rule)}`}
      lead={alert.sentences[language]}
      actions={
        <>
          <Act call="create-silence" disabled={!firing} onClick={() => ask('silence')}>
            {t.silence}
          </Act>
          <Act call="acknowledge-alert" type="primary" disabled={!firing || !!alert.acknowledgedBy} onClick={() => ask('take')}>
            {t.take}
          </Act>
        </>
      }
    >
      <div className="stack">
        <Known alert={alert} />
        <h2 className="alert-head">{t.history}</h2>
        <History events={alert.history ?? []} />
        <h2 className="alert-head">{t.explains}</h2>
        {alert.explains?.length ? <AlertTable label={t.explains} alerts={alert.explains} pending={false} empty={t.nothing} /> : <Typography.Text>{t.nothing}</Typography.Text>}
      </div>
      <Acknowledge ids={[alert.id]} open={asks === 'take'} onClose={() => ask(null)} />
      <SilenceDialog open={asks === 'silence'} of={{ rule: alert.rule, component: alert.component, flow: alert.flow }} onClose={() => ask(null)} />
    </Page>
  );
}

// Known are the facts of an alert.
function Known({ alert: a }: { alert: Schemas['AlertStory'] }) {
  const t = useText();
  const rules = useRules();
  const part = usePart();
  const { data } = api.useQuery('get', '/api/rules', {}, { staleTime: 300_000 });
  const unit = data?.items?.find((r) => r.id === a.rule)?.unit;
  const round = (n: number) => Math.round(n * 100) / 100;
  return (
    <Facts
      of={[
        [t.state, <AlertState key="s" state={a.state} level={a.level} />],
        [t.level, <Level key="l" level={a.level} />],
        [t.rule, <span key="r" title={a.rule}>{rules.name(a.rule)}</span>],
        [t.of, <About key="o" alert={a} />],
        [t.part, a.component && part(a.part)],
        [t.measured, unit ? `${rules.amount(round(a.value), unit)} (${t.limit(rules.amount(a.threshold, unit))})` : null],
        [t.since, <Time key="f" at={a.first} />],
        [t.until, a.resolved && <Time key="u" at={a.resolved} />],
        [t.count, a.count > 1 ? t.again(a.count) : a.count],
        [t.told, a.told ? t.yes : a.cause ? t.folded : a.silence ? t.quiet : t.no],
        [t.cause, a.cause && <Id key="c" value={a.cause} to={`/alerts/${a.cause}`} />],
        [t.by, a.acknowledgedBy ? <span key="b">{a.acknowledgedBy} · <Time at={a.acknowledged} />{a.note && ` · ${a.note}`}</span> : t.nobody],
        [t.detail, a.detail],
      ]}
    />
  );
}
