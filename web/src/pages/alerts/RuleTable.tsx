// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Space, type TableColumnsType } from 'antd';
import type { Schemas } from '../../api/client';
import { texts, useLanguage } from '../../language/texts';
import { Act } from '../../parts/Act';
import { List } from '../../parts/List';
import { Mark } from '../../parts/Mark';
import { Time } from '../../parts/Time';
import { useMay } from '../../session/session';
import { inWords } from './durations';
import { Level } from './Level';
import { useRules } from './ruleText';

type Rule = Schemas['MonitorView'];
type Setting = Schemas['MonitorSetting'];

const useText = texts(
  {
    rule: 'Rule',
    waits: 'Fires after',
    atOnce: 'at once',
    level: 'Level',
    state: 'State',
    on: 'on',
    off: 'off',
    value: 'Default or changed',
    asDefault: 'default',
    changed: 'changed for all',
    own: (n: number) => `${n} of their own`,
    ownHead: 'Settings of their own',
    change: 'Change',
    changeOf: (rule: string) => `Change: ${rule}`,
    reset: 'Take back',
    resetOf: (rule: string) => `Take back: ${rule}`,
    act: 'Act',
    of: 'Of',
    all: 'all',
    says: 'What it says',
    by: 'Set by',
    at: 'Set at',
    owns: (rule: string) => `Settings of ${rule}`,
    none: 'There are no such rules.',
  },
  {
    rule: '规则',
    waits: '持续多久后告警',
    atOnce: '立即',
    level: '级别',
    state: '状态',
    on: '启用',
    off: '停用',
    value: '默认或已改',
    asDefault: '默认值',
    changed: '已统一修改',
    own: (n) => `另设 ${n} 项`,
    ownHead: '另设',
    change: '修改',
    changeOf: (rule) => `修改：${rule}`,
    reset: '恢复',
    resetOf: (rule) => `恢复：${rule}`,
    act: '操作',
    of: '对象',
    all: '全部',
    says: '内容',
    by: '设置人',
    at: '设置时间',
    owns: (rule) => `${rule}的设置`,
    none: '没有此类规则。',
  },
);

interface RuleTableProps {
  label: string;
  rules: Rule[];
  pending: boolean;
  onChange: (rule: Rule, name: string) => void;
  onReset: (rule: Rule, name: string) => void;
}

// RuleTable shows rules with the values that hold, and below a rule what was set.
export function RuleTable({ label, rules, pending, onChange, onReset }: RuleTableProps) {
  const t = useText();
  return (
    <List<Rule>
      label={label}
      items={rules}
      pending={pending}
      rowKey="id"
      columns={useColumns(onChange)}
      empty={t.none}
      expandable={{ columnTitle: <span className="alert-unseen">{t.ownHead}</span>, rowExpandable: (r) => !!r.own?.length, expandedRowRender: (r) => <Own rule={r} onChange={onChange} onReset={onReset} /> }}
    />
  );
}

function useColumns(onChange: RuleTableProps['onChange']): TableColumnsType<Rule> {
  const t = useText();
  const words = useRules();
  const may = useMay();
  const columns: TableColumnsType<Rule> = [
    {
      title: t.rule,
      key: 'rule',
      render: (_, r) => (
        <div className="alert-what">
          <strong title={r.id}>{words.name(r.id)}</strong>
          <div className="alert-more">{words.says(r.id, r.effective.threshold, r.unit)}</div>
        </div>
      ),
    },
    { title: t.waits, key: 'for', width: 140, render: (_, r) => <Waits seconds={r.effective.for} /> },
    { title: t.level, key: 'level', width: 100, render: (_, r) => <Level level={r.effective.level} /> },
    { title: t.state, key: 'on', width: 100, render: (_, r) => <OnOff on={r.effective.on} /> },
    {
      title: t.value,
      key: 'own',
      width: 170,
      render: (_, r) => {
        const own = r.own ?? [];
        const single = own.filter((o) => o.name !== '').length;
        const parts = [own.some((o) => o.name === '') ? t.changed : t.asDefault, ...(single > 0 ? [t.own(single)] : [])];
        return parts.join(' · ');
      },
    },
    {
      title: t.act,
      key: 'act',
      width: 90,
      render: (_, r) => (
        <Act call="set-rule" size="small" aria-label={t.changeOf(words.name(r.id))} onClick={() => onChange(r, '')}>
          {t.change}
        </Act>
      ),
    },
  ];
  return columns.filter((c) => c.key !== 'act' || may('set-rule'));
}

function Waits({ seconds }: { seconds: number }) {
  const t = useText();
  const language = useLanguage();
  return <span>{seconds === 0 ? t.atOnce : inWords(seconds, language)}</span>;
}

function OnOff({ on }: { on: boolean }) {
  const t = useText();
  return on ? <Mark tone="good">{t.on}</Mark> : <Mark tone="quiet">{t.off}</Mark>;
}

// Own are the settings of one rule that differ from its default.
function Own({ rule, onChange, onReset }: { rule: Rule } & Pick<RuleTableProps, 'onChange' | 'onReset'>) {
  const t = useText();
  const words = useRules();
  const says = (s: Setting | undefined) => (s ? words.says(rule.id, s.threshold, rule.unit) : '');
  const columns: TableColumnsType<Schemas['MonitorOverride']> = [
    { title: t.of, key: 'name', render: (_, o) => o.name || t.all },
    { title: t.says, key: 'says', className: 'alert-what', render: (_, o) => says(o.setting) },
    { title: t.waits, key: 'for', render: (_, o) => <Waits seconds={o.setting.for} /> },
    { title: t.level, key: 'level', render: (_, o) => <Level level={o.setting.level} /> },
    { title: t.state, key: 'on', render: (_, o) => <OnOff on={o.setting.on} /> },
    { title: t.by, dataIndex: 'by' },
    { title: t.at, dataIndex: 'at', render: (at: string) => <Time at={at} /> },
    {
      title: t.act,
      key: 'act',
      render: (_, o) => (
        <Space>
          <Act call="set-rule" size="small" aria-label={t.changeOf(o.name || t.all)} onClick={() => onChange(rule, o.name)}>
            {t.change}
          </Act>
          <Act call="reset-rule" size="small" aria-label={t.resetOf(o.name || t.all)} onClick={() => onReset(rule, o.name)}>
            {t.reset}
          </Act>
        </Space>
      ),
    },
  ];
  return <List label={t.owns(words.name(rule.id))} items={rule.own} pending={false} rowKey="name" columns={columns} empty={t.none} />;
}
