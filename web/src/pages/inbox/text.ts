// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { texts } from '../../language/texts';
import type { Kind } from './items';

type Words = { title: string; what: string; act: string };

export const useText = texts(
  {
    lead: 'What waits for you, by kind, what ends first before the rest.',
    columns: { what: 'What', since: 'Since', until: 'Until', act: 'What to do' },
    byCommand: 'By command line',
    late: 'too late',
    kinds: {
      proposal: { title: 'Proposals of others', what: 'Another administrator of your duty has proposed it. Look at what changes, then approve or refuse.', act: 'Look and decide' },
      publication: { title: 'Policy to be confirmed', what: 'It is in force and goes back by itself unless somebody confirms it in time.', act: 'Confirm or put back' },
      component: { title: 'Components that ask to be admitted', what: 'Compare the fingerprint with the component’s own screen, then propose to admit it.', act: 'Compare and admit' },
      configuration: { title: 'Configurations that differ', what: 'A component runs with something else than what was accepted.', act: 'See what differs' },
      part: { title: 'Parts of partners', what: 'A partner’s management center has submitted a part of policy. It waits as a draft.', act: 'Look at the draft' },
      alert: { title: 'Alerts', what: 'Something is wrong and nobody has taken it up.', act: 'Take it up' },
      finding: { title: 'Findings', what: 'Audit has found it; it is for your duty to mend.', act: 'To the finding' },
      other: { title: 'Other', what: '', act: 'Look' },
    } satisfies Record<Kind | 'other', Words>,
    asks: (name: string) => `${name} asks to be admitted`,
    differs: (name: string) => `The configuration of ${name} is not the intended one`,
    proposed: (title: string, by: string) => `${title} (${by})`,
    part: (partner: string, serial: number) => `Part of partner ${partner}, serial ${serial}`,
    confirm: (title: string) => `Confirm that policy does what it should: ${title}`,
    emptyTitle: 'Nothing waits for you',
    empty: 'What another administrator of your duty proposes, what asks to be admitted, alerts that nobody has taken up and findings for your duty come here by themselves.',
  },
  {
    lead: '等待您处理的事项，按类别列出，先到期的在前。',
    columns: { what: '事项', since: '开始时间', until: '截止时间', act: '处理' },
    byCommand: '命令行方式',
    late: '已过期',
    kinds: {
      proposal: { title: '他人的提议', what: '由同一职责的其他管理员提出。请查看变更内容后批准或拒绝。', act: '查看并决定' },
      publication: { title: '待确认的策略', what: '策略已生效，若无人按时确认将自动恢复原策略。', act: '确认或回退' },
      component: { title: '申请接入的部件', what: '请将指纹与部件自身屏幕核对，再提议准入。', act: '核对并准入' },
      configuration: { title: '不一致的配置', what: '部件实际使用的配置与认可的不一致。', act: '查看差异' },
      part: { title: '伙伴提交的策略部分', what: '伙伴管理中心提交了一部分策略，作为草稿等待处理。', act: '查看草稿' },
      alert: { title: '告警', what: '出现问题且尚无人处理。', act: '处理' },
      finding: { title: '审计发现', what: '由审计提出，须由您的职责整改。', act: '查看发现' },
      other: { title: '其他', what: '', act: '查看' },
    },
    asks: (name: string) => `${name} 申请接入`,
    differs: (name: string) => `${name} 的配置与认可的不一致`,
    proposed: (title: string, by: string) => `${title}（${by}）`,
    part: (partner: string, serial: number) => `伙伴 ${partner} 的策略部分，序号 ${serial}`,
    confirm: (title: string) => `请确认策略符合预期：${title}`,
    emptyTitle: '没有等待您处理的事项',
    empty: '同一职责的其他管理员提出的提议、接入申请、无人处理的告警，以及属于您职责的审计发现，会自动出现在这里。',
  },
);
