// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { texts } from '../../language/texts';

export const classes = ['decision', 'delivery', 'session', 'component', 'policy', 'admin', 'health', 'foreign'] as const;

// useClasses are the classes of audit in words, and what each is about.
export const useClasses = texts(
  {
    names: {
      decision: 'Decisions',
      delivery: 'Deliveries',
      session: 'Connections',
      component: 'Components',
      policy: 'Policy',
      admin: 'Administrators',
      health: 'Health',
      foreign: 'Other systems',
    } as Record<string, string>,
    about: {
      decision: 'what may cross and what may not, and why',
      delivery: 'what was accepted, released and received',
      session: 'subjects and components that connect or leave',
      component: 'processes that start, stop or are admitted',
      policy: 'bundles that are approved, applied or refused',
      admin: 'every act of an administrator',
      health: 'parts that are not well',
      foreign: 'what graded systems tell of themselves',
    } as Record<string, string>,
  },
  {
    names: {
      decision: '判定',
      delivery: '投递',
      session: '连接',
      component: '部件',
      policy: '策略',
      admin: '管理员操作',
      health: '运行状况',
      foreign: '外部系统',
    } as Record<string, string>,
    about: {
      decision: '哪些交换被允许或拒绝，以及原因',
      delivery: '接收、放行与送达',
      session: '主体与部件的连接和断开',
      component: '进程的启动、停止与准入',
      policy: '策略包的批准、生效与拒绝',
      admin: '管理员的每一次操作',
      health: '部件的异常',
      foreign: '定级系统上报的自身审计',
    } as Record<string, string>,
  },
);
