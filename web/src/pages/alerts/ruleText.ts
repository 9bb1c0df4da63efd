// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { texts } from '../../language/texts';

// Each rule in words: its name, what it says with a threshold in words, and its unit.
const useRuleText = texts(
  {
    units: {
      s: (n: string) => `${n} s`,
      deliveries: (n: string) => `${n} deliveries`,
      '%': (n: string) => `${n} %`,
      h: (n: string) => `${n} hours`,
      d: (n: string) => `${n} days`,
      min: (n: string) => `${n} minutes`,
    },
    rules: {
      'component-unreachable': { name: 'Component does not answer', says: (_: string) => 'A component does not answer the center.' },
      'component-untrusted': { name: 'Component not trusted', says: (_: string) => 'A component was not started under the signed manifest. It gets neither policy nor keys.' },
      'component-behind': { name: 'Policy or keys not taken', says: (_: string) => 'A component has not taken the policy or the key lease in force.' },
      'log-unsound': { name: 'Audit log not sound', says: (_: string) => 'It cannot be proven that a component’s audit log is whole.' },
      'clock-off': { name: 'Clock off', says: (t: string) => `The clock of a component is off by more than ${t}.` },
      backlog: { name: 'Deliveries wait', says: (t: string) => `More than ${t} wait at a component.` },
      'disk-little': { name: 'Little room on a disk', says: (t: string) => `Less than ${t} of a component’s disk is free. What cannot be recorded does not pass.` },
      'disk-full-soon': { name: 'Disk soon full', says: (t: string) => `At its present rate, a component’s disk is full in less than ${t}.` },
      'ends-this-month': { name: 'Ends within a month', says: (t: string) => `A certificate, key lease or policy bundle ends in less than ${t}.` },
      'ends-this-week': { name: 'Ends within a week', says: (t: string) => `A certificate, key lease or policy bundle ends in less than ${t}.` },
      'ends-today': { name: 'Ends within a day', says: (t: string) => `A certificate, key lease or policy bundle ends in less than ${t}, or has ended.` },
      'flow-interrupted': { name: 'Flow interrupted', says: (_: string) => 'A component on the way of a flow does not answer.' },
      'flow-refused': { name: 'Much is refused', says: (t: string) => `More than ${t} of what came on a flow in five minutes was refused.` },
      'flow-failing': { name: 'Much fails', says: (t: string) => `More than ${t} of what came on a flow in five minutes failed.` },
      'flow-slow': { name: 'Flow slow', says: (t: string) => `One of a hundred questions on a flow takes longer than ${t}.` },
      'flow-silent': { name: 'Flow silent', says: (t: string) => `Nothing has come on a flow for more than ${t}, though it is usually busy at this hour.` },
      'configuration-drift': { name: 'Configuration differs', says: (_: string) => 'The configuration of a component differs from the one intended.' },
      'security-event': { name: 'Security event', says: (_: string) => 'Another part of the center has seen something that concerns security.' },
      'notification-failing': { name: 'Notification fails', says: (_: string) => 'A channel does not take what people are to be told.' },
    },
  },
  {
    units: {
      s: (n) => `${n} 秒`,
      deliveries: (n) => `${n} 个文件`,
      '%': (n) => `${n}%`,
      h: (n) => `${n} 小时`,
      d: (n) => `${n} 天`,
      min: (n) => `${n} 分钟`,
    },
    rules: {
      'component-unreachable': { name: '部件无应答', says: () => '部件没有应答中心。' },
      'component-untrusted': { name: '部件不可信', says: () => '部件未按签名清单启动，不向其下发策略和密钥。' },
      'component-behind': { name: '策略或密钥未启用', says: () => '部件尚未启用现行的策略包或密钥租约。' },
      'log-unsound': { name: '审计日志不可信', says: () => '无法证明部件的审计日志完整。' },
      'clock-off': { name: '时钟偏差', says: (t) => `部件时钟偏差超过 ${t}。` },
      backlog: { name: '投递积压', says: (t) => `部件处等待投递的文件超过 ${t}。` },
      'disk-little': { name: '磁盘空间不足', says: (t) => `部件磁盘剩余不足 ${t}。无法记录时不再放行。` },
      'disk-full-soon': { name: '磁盘即将写满', says: (t) => `按当前速度，部件磁盘将在 ${t}内写满。` },
      'ends-this-month': { name: '一个月内到期', says: (t) => `证书、密钥租约或策略包将在 ${t}内到期。` },
      'ends-this-week': { name: '一周内到期', says: (t) => `证书、密钥租约或策略包将在 ${t}内到期。` },
      'ends-today': { name: '一天内到期', says: (t) => `证书、密钥租约或策略包将在 ${t}内到期，或已经到期。` },
      'flow-interrupted': { name: '数据流中断', says: () => '数据流途经的部件没有应答。' },
      'flow-refused': { name: '拒绝比例过高', says: (t) => `数据流五分钟内被拒绝的比例超过 ${t}。` },
      'flow-failing': { name: '失败比例过高', says: (t) => `数据流五分钟内失败的比例超过 ${t}。` },
      'flow-slow': { name: '数据流变慢', says: (t) => `数据流有百分之一的请求耗时超过 ${t}。` },
      'flow-silent': { name: '数据流无业务', says: (t) => `数据流超过 ${t}没有业务，而平日此时段繁忙。` },
      'configuration-drift': { name: '配置不一致', says: () => '部件的配置与预期不一致。' },
      'security-event': { name: '安全事件', says: () => '中心的其他部分发现了与安全有关的事件。' },
      'notification-failing': { name: '通知无法送达', says: () => '通知渠道未能送达消息。' },
    },
  },
);

type Words = { name: string; says: (threshold: string) => string };

export interface RuleWords {
  ids: string[];
  name: (rule: string) => string; // the id where there are no words, as of a newer center
  amount: (n: number, unit: string) => string;
  unit: (unit: string) => string;
  says: (rule: string, threshold: number, unit: string) => string;
}

// useRules gives the words of rules.
export function useRules(): RuleWords {
  const t = useRuleText();
  const rules: Record<string, Words | undefined> = t.rules;
  const units: Record<string, ((n: string) => string) | undefined> = t.units;
  const amount = (n: number, unit: string) => units[unit]?.(String(n)) ?? `${n} ${unit}`.trim();
  return {
    ids: Object.keys(t.rules),
    name: (rule) => rules[rule]?.name ?? rule,
    amount,
    unit: (unit) => (units[unit]?.('') ?? unit).trim(),
    says: (rule, threshold, unit) => rules[rule]?.says(amount(threshold, unit)) ?? rule,
  };
}

const usePartText = texts({ certificate: 'certificate', lease: 'key lease', bundle: 'policy bundle' }, { certificate: '证书', lease: '密钥租约', bundle: '策略包' });

// usePart says which part of a component an alert is of: what it is, and its name.
export function usePart(): (part: string | undefined) => string {
  const parts: Record<string, string> = usePartText();
  return (part = '') => {
    const [kind = '', ...name] = part.split(' ');
    return [parts[kind] ?? kind, ...name].join(' ');
  };
}
