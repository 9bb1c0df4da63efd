// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Typography } from 'antd';
import type { Schemas } from '../../api/client';
import { texts } from '../../language/texts';

type Of = Schemas['DraftPublication'];
type Code = Schemas['DraftOutcome']['code'];
type Why = NonNullable<Schemas['DraftOutcome']['problem']>;
type Say = (p: Of) => string;

const useText = texts(
  {
    is: {
      first: (p) => `Policy version ${p.version} is in force. It is the first: there is nothing to go back to.`,
      unconfirmed: (p) => `Policy version ${p.version} is in force. Unless it is confirmed in time, version ${p.returnVersion} brings back what was.`,
      confirmed: (p) => `Policy version ${p.version} is in force, and ${p.by} has confirmed it.`,
      late: () => 'Nobody confirmed it in time.',
      'rolled-back': (p) => `${p.by} rolled it back.`,
      'not-applied': () => 'It was not put in force.',
      'not-returned': (p) => `It could not be put back, and version ${p.version} is in force.`,
      superseded: () => 'Another policy was put in force before it was confirmed.',
      lapsed: () => 'Nobody approved it for long, and its bundles were forgotten.',
    } satisfies Record<Code, Say>,
    back: (p: Of) => ` Policy version ${p.returnVersion} has brought back what version ${p.base} was.`,
    why: {
      conflict: 'Another policy had come into force since it was made. Prepare it anew.',
      'policy-malformed': 'Its bundle has not the form of one.',
      'policy-unsigned': 'Its bundle lacks signatures that hold.',
      'policy-old': 'Its bundle is older than what is in force.',
      'policy-expired': 'Its bundle has ended, or does not hold yet.',
    } satisfies Record<Why, string>,
  },
  {
    is: {
      first: (p) => `策略第 ${p.version} 版已生效。这是首个版本，没有可回退的版本。`,
      unconfirmed: (p) => `策略第 ${p.version} 版已生效。如未按时确认，将由第 ${p.returnVersion} 版恢复此前的策略。`,
      confirmed: (p) => `策略第 ${p.version} 版已生效，由 ${p.by} 确认。`,
      late: () => '未按时确认。',
      'rolled-back': (p) => `由 ${p.by} 回退。`,
      'not-applied': () => '未能生效。',
      'not-returned': (p) => `未能回退，第 ${p.version} 版仍在生效。`,
      superseded: () => '确认之前，另一策略已生效。',
      lapsed: () => '长时间无人批准，策略包已清除。',
    },
    back: (p: Of) => `第 ${p.returnVersion} 版已恢复第 ${p.base} 版的内容。`,
    why: {
      conflict: '生成之后另一策略已生效，请重新生成。',
      'policy-malformed': '策略包格式不正确。',
      'policy-unsigned': '策略包缺少有效签名。',
      'policy-old': '策略包旧于生效策略。',
      'policy-expired': '策略包已到期，或尚未到生效时间。',
    },
  },
);

// OutcomeOf says what became of a publication; where it failed, why, with what the center
// has written of it. What an older center wrote has no code and stays as it is.
export function OutcomeOf({ of: p }: { of: Of }) {
  const t = useText();
  const o = p.outcome;
  if (!o) return <>{p.result}</>;
  const is: Partial<Record<Code, Say>> = t.is;
  return (
    <>
      {is[o.code]?.(p) ?? p.result}
      {p.state === 'returned' && t.back(p)} {o.problem && t.why[o.problem]}
      {o.detail && (
        <div>
          <Typography.Text type="secondary">{o.detail}</Typography.Text>
        </div>
      )}
    </>
  );
}
