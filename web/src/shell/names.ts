// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { texts } from '../language/texts';

const en = {
  product: 'Dukou',
  duties: { system: 'System administrator', security: 'Security administrator', audit: 'Audit administrator' },
  groups: { today: 'Today', crossing: 'Crossing', policy: 'Policy', operation: 'Operation', audit: 'Audit', people: 'People' },
  pages: {
    overview: 'Overview',
    inbox: 'To do',
    alerts: 'Alerts',
    crossings: 'Crossings',
    quarantine: 'Quarantine',
    inForce: 'In force',
    drafts: 'Drafts',
    names: 'Name mapping',
    partners: 'Partners',
    proposals: 'Proposals',
    components: 'Components',
    rules: 'Alert rules',
    silences: 'Silences',
    channels: 'Channels',
    evidence: 'Entries',
    questions: 'Questions',
    findings: 'Findings',
    reports: 'Reports',
    logs: 'Logs',
    retention: 'Retention',
    sources: 'Other systems',
    exports: 'Export',
    accounts: 'Accounts',
    sessions: 'Sessions',
    accountRules: 'Password rules',
    self: 'My account',
  },
};

export type Names = typeof en;

// useNames are the names of duties, groups and pages: the words of the three
// administrators are in this one file.
export const useNames = texts(en, {
  product: '渡口',
  duties: { system: '系统管理员', security: '安全管理员', audit: '审计管理员' },
  groups: { today: '今日', crossing: '交换', policy: '策略', operation: '运行', audit: '审计', people: '人员' },
  pages: {
    overview: '总览',
    inbox: '待我处理',
    alerts: '告警',
    crossings: '交换记录',
    quarantine: '隔离区',
    inForce: '生效策略',
    drafts: '策略草稿',
    names: '名称映射',
    partners: '伙伴管理中心',
    proposals: '双人审批',
    components: '部件',
    rules: '告警规则',
    silences: '静默',
    channels: '通知渠道',
    evidence: '审计条目',
    questions: '常用查询',
    findings: '审计发现',
    reports: '审计报告',
    logs: '日志',
    retention: '留存',
    sources: '外部系统审计',
    exports: '外发',
    accounts: '账户',
    sessions: '会话',
    accountRules: '口令规则',
    self: '我的账户',
  },
});
