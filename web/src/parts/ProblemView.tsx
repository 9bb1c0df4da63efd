// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Alert, Button, Typography } from 'antd';
import { problemOf } from '../api/problem';
import { useFieldText } from '../language/fields';
import { texts, useLanguage } from '../language/texts';

const useText = texts(
  {
    again: 'Try again',
    request: (id: string) => `The audit finds this call by ${id}.`,
    codes: {
      malformed: 'The center could not understand the call.',
      invalid: 'Something in it is not right.',
      'signed-out': 'You are not signed in any more. Sign in again.',
      'credentials-wrong': 'Name, password or second factor is wrong. Which one is not told.',
      'account-locked': 'The account is locked after too many failures.',
      'password-expired': 'The password has expired and must be changed first.',
      'second-factor-wanted': 'The second factor was not shown, so nothing was done.',
      'duty-wrong': 'This is another duty’s work.',
      'own-proposal': 'You proposed this yourself. Another administrator of your duty must decide.',
      'only-on-host': 'This is done on the center’s host only.',
      unknown: 'There is no such thing.',
      conflict: 'Its state does not allow this.',
      stale: 'Somebody has changed it meanwhile. Look at it again, then repeat.',
      'precondition-required': 'Read it first, then change it.',
      'too-large': 'It is too large.',
      'too-many': 'Too many at once. Try again later.',
      unavailable: 'A part that is needed does not answer. Try again later.',
      'internal-error': 'Something went wrong inside the center. Its log says what.',
      'no-connection': 'The center does not answer. Is the network there?',
    } as Record<string, string>,
  },
  {
    again: '重试',
    request: (id: string) => `审计可用编号 ${id} 找到此次调用。`,
    codes: {
      malformed: '中心无法理解此次调用。',
      invalid: '内容有误。',
      'signed-out': '会话已结束，请重新登录。',
      'credentials-wrong': '名称、口令或第二因素有误（不告知是哪一项）。',
      'account-locked': '失败次数过多，账户已锁定。',
      'password-expired': '口令已过期，须先修改。',
      'second-factor-wanted': '未出示第二因素，操作没有执行。',
      'duty-wrong': '这是其他职责的工作。',
      'own-proposal': '这是您自己的提议，须由同一职责的另一位管理员决定。',
      'only-on-host': '只能在中心主机上执行。',
      unknown: '不存在。',
      conflict: '当前状态不允许此操作。',
      stale: '内容已被他人修改，请重新查看后再操作。',
      'precondition-required': '请先读取再修改。',
      'too-large': '内容过大。',
      'too-many': '请求过多，请稍后再试。',
      unavailable: '所需部件没有应答，请稍后再试。',
      'internal-error': '中心内部出错，详情见其日志。',
      'no-connection': '中心没有应答，请检查网络。',
    } as Record<string, string>,
  },
);

// useProblemText gives the sentence for whatever a call ended with.
export function useProblemText(): (error: unknown) => string {
  const t = useText();
  return (error) => {
    const p = problemOf(error);
    return t.codes[p.code] ?? p.detail ?? p.code;
  };
}

// ProblemView says what went wrong, where, and what to do. The center's own sentence is
// English; where fields say the same in Chinese, it is left out.
export function ProblemView({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useText();
  const say = useProblemText();
  const sayField = useFieldText();
  const language = useLanguage();
  const p = problemOf(error);
  const details = (
    <>
      {p.detail !== '' && !(language === 'zh' && p.fields.length > 0) && <div className="wrap-anywhere">{p.detail}</div>}
      {p.fields.map((f) => (
        <div key={f.name + f.detail} className="wrap-anywhere" title={f.detail}>
          <code>{f.name}</code>: {sayField(f)}
        </div>
      ))}
      {p.request && <Typography.Text type="secondary">{t.request(p.request)}</Typography.Text>}
    </>
  );
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      title={say(error)}
      description={details}
      action={retry && <Button onClick={retry}>{t.again}</Button>}
    />
  );
}
