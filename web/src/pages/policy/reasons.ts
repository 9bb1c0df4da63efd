// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { texts } from '../../language/texts';

const useText = texts(
  {
    allow: 'allowed',
    codes: {
      'label-dimension': 'subject, object, action, protocol or purpose are not the flow’s',
      'label-level': 'level or category may not go there',
      'label-low': 'label below the least of its content',
      'label-integrity': 'integrity too low for the object',
      'content-invalid': 'content outside of the form',
      'content-type': 'media type that the flow does not name',
      'content-too-large': 'too large',
      'content-refused': 'a check said no',
      'name-invalid': 'file name that may not be',
      'policy-denied': 'no rule permits it, or one forbids it',
      'policy-error': 'a rule could not be decided',
      'flow-unknown': 'no such flow',
      'flow-direction': 'not the zones or components of the flow',
      'route-unknown': 'no such route',
      'subject-unknown': 'nobody knows the subject',
      'subject-unmapped': 'nobody stands in for the subject there',
      'subject-level': 'clearance of the subject too low',
      'policy-expired': 'the policy had ended',
      'rate-limited': 'above the rate',
    } as Record<string, string>,
  },
  {
    allow: '允许',
    codes: {
      'label-dimension': '主体、客体、操作、协议或用途与数据流不符',
      'label-level': '级别或类别不得到达该处',
      'label-low': '标记低于内容应有的最低标记',
      'label-integrity': '完整性级别低于客体要求',
      'content-invalid': '内容超出规定格式',
      'content-type': '数据流未列出的媒体类型',
      'content-too-large': '内容过大',
      'content-refused': '检查未通过',
      'name-invalid': '不允许的文件名',
      'policy-denied': '无规则允许，或被规则禁止',
      'policy-error': '规则无法判定',
      'flow-unknown': '没有此数据流',
      'flow-direction': '安全域或部件与数据流不符',
      'route-unknown': '没有此路由',
      'subject-unknown': '主体未知',
      'subject-unmapped': '主体在对侧没有代理',
      'subject-level': '主体许可级别过低',
      'policy-expired': '策略已过期',
      'rate-limited': '超出速率',
    },
  },
);

// useReasons gives the words for the reason of a refusal; an empty one is a permission.
// The code stands behind, since cases and the audit name it.
export function useReasons(): (code: string) => string {
  const t = useText();
  return (code) => (code === '' ? t.allow : t.codes[code] ? `${t.codes[code]} (${code})` : code);
}
