// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { texts } from '../language/texts';
import { SigningError, type SigningFault } from './error';

export const useText = texts(
  {
    label: 'Your approver key',
    choose: 'Choose the key file…',
    another: 'Choose another…',
    stays: 'The key is read into this page only. It is used for this one signature and never leaves your browser.',
    fingerprint: 'Fingerprint of the key:',
    tooLarge: 'This file is too large for a key. Choose the file that “dukou policy keygen” made.',
    of: { bundle: 'The new policy', return: 'The policy to return to' } as Record<'bundle' | 'return', string>,
    faults: {
      'no-key': 'There is no key in this file. Choose the private key that “dukou policy keygen” made.',
      'public-key': 'This is the public half of the key (.pub). Signing wants the private half, which has the same name without .pub.',
      'other-key': 'This is a key of another kind. Choose the private key that “dukou policy keygen” made.',
      unreadable: 'cannot be read. Nothing was signed.',
      digest: 'as the center gave it is not what is proposed: its digest differs. Nothing was signed. Do not go on before you know why.',
      version: 'as the center gave it has another version than what is proposed. Nothing was signed. Do not go on before you know why.',
    } as Record<SigningFault, string>,
  },
  {
    label: '您的审批密钥',
    choose: '选择密钥文件…',
    another: '另选…',
    stays: '密钥只读入本页面，仅用于这一次签名，绝不会离开您的浏览器。',
    fingerprint: '密钥指纹：',
    tooLarge: '文件过大，不是密钥。请选择由 dukou policy keygen 生成的文件。',
    of: { bundle: '新策略', return: '回退策略' } as Record<'bundle' | 'return', string>,
    faults: {
      'no-key': '文件中没有密钥。请选择由 dukou policy keygen 生成的私钥。',
      'public-key': '这是密钥的公开部分（.pub）。签名需要私钥，即不带 .pub 的同名文件。',
      'other-key': '这是其他类型的密钥。请选择由 dukou policy keygen 生成的私钥。',
      unreadable: '无法读取，没有签署任何内容。',
      digest: '由中心给出的内容与提议不符：摘要不同。没有签署任何内容。查明原因之前请勿继续。',
      version: '由中心给出的内容与提议的版本不同。没有签署任何内容。查明原因之前请勿继续。',
    } as Record<SigningFault, string>,
  },
);

// useSigningText gives the sentence for why nothing was signed; none for other errors.
export function useSigningText(): (error: unknown) => string | undefined {
  const t = useText();
  return (error) => {
    if (!(error instanceof SigningError)) return undefined;
    return error.of ? `${t.of[error.of]} ${t.faults[error.fault]}` : t.faults[error.fault];
  };
}
