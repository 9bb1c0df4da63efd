// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { TableColumnsType } from 'antd';
import { useMemo } from 'react';
import { Link } from 'react-router';
import type { Schemas } from '../../api/client';
import { texts, useLanguage } from '../../language/texts';
import { List } from '../../parts/List';
import { Time } from '../../parts/Time';
import { useMay } from '../../session/session';
import { AlertState, Level } from './Level';
import { usePart, useRules } from './ruleText';
import { type Folded, fold } from './fold';

type Alert = Schemas['AlertView'];

const useText = texts(
  {
    level: 'Level',
    what: 'What is wrong',
    of: 'Of',
    since: 'Since',
    until: 'Until',
    count: 'Times',
    who: 'Taken up by',
    nobody: 'nobody yet',
    explains: (n: number) => `explains ${n} more`,
    because: 'follows from another alert',
    silenced: 'silenced',
    choose: (what: string) => `Choose: ${what}`,
  },
  {
    level: '级别',
    what: '异常',
    of: '对象',
    since: '开始',
    until: '恢复',
    count: '次数',
    who: '认领人',
    nobody: '无人认领',
    explains: (n) => `引起另外 ${n} 条`,
    because: '由其他告警引起',
    silenced: '已静默',
    choose: (what) => `选择：${what}`,
  },
);

interface AlertTableProps {
  label: string;
  alerts: Alert[];
  pending: boolean;
  error?: unknown;
  again?: () => void;
  more?: (() => void) | undefined;
  empty: string;
  chosen?: string[];
  choose?: ((ids: string[]) => void) | undefined; // nothing is chosen here without it
}

// AlertTable lists alerts, those that another one explains below it.
export function AlertTable({ alerts, chosen = [], choose, ...list }: AlertTableProps) {
  const t = useText();
  const may = useMay();
  const language = useLanguage();
  const rows = useMemo(() => fold(alerts), [alerts]);
  const columns = useColumns(alerts.some((a) => a.resolved));
  const choosing = choose && may('acknowledge-alert');
  return (
    <List<Folded>
      {...list}
      items={rows}
      rowKey="id"
      columns={columns}
      rowSelection={
        choosing
          ? {
              selectedRowKeys: chosen,
              checkStrictly: true,
              onChange: (keys) => choose(keys.map(String)),
              getCheckboxProps: (a) => ({ disabled: a.state !== 'firing' || !!a.acknowledgedBy, 'aria-label': t.choose(a.sentences[language]) }) as { disabled: boolean },
            }
          : undefined
      }
    />
  );
}

function useColumns(resolved: boolean): TableColumnsType<Folded> {
  const t = useText();
  const language = useLanguage();
  const rules = useRules();
  return [
    { title: t.level, key: 'level', width: 96, render: (_, a) => (a.state === 'firing' ? <Level level={a.level} /> : <AlertState state={a.state} level={a.level} />) },
    {
      title: t.what,
      key: 'what',
      render: (_, a) => (
        <div className="alert-what">
          <Link to={`/alerts/${a.id}`}>{a.sentences[language]}</Link>
          <div className="alert-more">
            <span title={a.rule}>{rules.name(a.rule)}</span>
            {a.below > 0 && <span> · {t.explains(a.below)}</span>}
            {a.cause && !a.under && <Link to={`/alerts/${a.cause}`}> · {t.because}</Link>}
            {a.silence && <span> · {t.silenced}</span>}
          </div>
        </div>
      ),
    },
    { title: t.of, key: 'of', render: (_, a) => <About alert={a} /> },
    { title: t.since, dataIndex: 'first', render: (at: string) => <Time at={at} /> },
    ...(resolved ? [{ title: t.until, key: 'resolved', render: (_: unknown, a: Folded) => (a.resolved ? <Time at={a.resolved} /> : null) }] : []),
    { title: t.count, dataIndex: 'count', align: 'right' },
    { title: t.who, key: 'who', render: (_, a) => a.acknowledgedBy ?? (a.state === 'firing' && !a.cause ? t.nobody : '–') },
  ];
}

// About links to the component that an alert is of, or names the flow.
export function About({ alert }: { alert: Alert }) {
  const may = useMay();
  const part = usePart();
  if (alert.flow) return may('show-crossing') ? <Link to={`/crossings?flow=${encodeURIComponent(alert.flow)}`}>{alert.flow}</Link> : <span>{alert.flow}</span>;
  if (!alert.component) return <span>{part(alert.part) || '–'}</span>;
  if (alert.rule === 'notification-failing') return <Link to="/channels">{alert.component}</Link>;
  return <Link to={`/components/${encodeURIComponent(alert.component)}`}>{alert.component}</Link>;
}
