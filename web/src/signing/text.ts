// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { texts } from '../language/texts';
import { type ReleaseField, type Signed, SigningError, type SigningFault } from './error';

export const useText = texts(
  {
    label: 'Your approver key',
    choose: 'Choose the key file…',
    another: 'Choose another…',
    stays: 'The key is read into this page only. It is used for this one signature and never leaves your browser.',
    fingerprint: 'Fingerprint of the key:',
    tooLarge: 'This file is too large for a key. Choose the file that “dukou policy keygen” made.',
    of: { bundle: 'The new policy', return: 'The policy to return to', release: 'The document of the release' } as Record<Signed, string>,
    fields: {
      guard: 'Guard',
      front: 'Front',
      flow: 'Flow',
      parcel: 'Parcel',
      name: 'File',
      size: 'Size',
      root: 'Root of the body’s chunks',
      bundle: 'Sent under policy version',
      code: 'Refused because',
      notAfter: 'May be released until',
    } as Record<ReleaseField, string>,
    field: (of: string, field: string) => `${of}, field “${field}”`,
    wrong: (what: string, fault: string) => `${what} ${fault}`,
    faults: {
      'no-key': 'There is no key in this file. Choose the private key that “dukou policy keygen” made.',
      'public-key': 'This is the public half of the key (.pub). Signing wants the private half, which has the same name without .pub.',
      'other-key': 'This is a key of another kind. Choose the private key that “dukou policy keygen” made.',
      unreadable: 'cannot be read. Nothing was signed.',
      digest: 'as the center gave it is not what is proposed: its digest differs. Nothing was signed. Do not go on before you know why.',
      version: 'as the center gave it has another version than what is proposed. Nothing was signed. Do not go on before you know why.',
      field: 'says something else than what is shown to you. Nothing was signed. Do not go on before you know why.',
      time: 'has passed, or lies more than 30 days ahead. Nothing was signed. Propose it anew, and look at the clocks if that does not help.',
    } as Record<SigningFault, string>,
  },
  {
    label: '您的审批密钥',
    choose: '选择密钥文件…',
    another: '另选…',
    stays: '密钥只读入本页面，仅用于这一次签名，绝不会离开您的浏览器。',
    fingerprint: '密钥指纹：',
    tooLarge: '文件过大，不是密钥。请选择由 dukou policy keygen 生成的文件。',
    of: { bundle: '新策略', return: '回退策略', release: '放行文书' } as Record<Signed, string>,
    fields: {
      guard: '网闸',
      front: '前置机',
      flow: '数据流',
      parcel: '包编号',
      name: '文件',
      size: '大小',
      root: '正文分块的根',
      bundle: '发送时的策略版本',
      code: '拒绝原因',
      notAfter: '放行截止时间',
    } as Record<ReleaseField, string>,
    field: (of: string, field: string) => `${of}的“${field}”一栏`,
    wrong: (what: string, fault: string) => `${what}${fault}`,
    faults: {
      'no-key': '文件中没有密钥。请选择由 dukou policy keygen 生成的私钥。',
      'public-key': '这是密钥的公开部分（.pub）。签名需要私钥，即不带 .pub 的同名文件。',
      'other-key': '这是其他类型的密钥。请选择由 dukou policy keygen 生成的私钥。',
      unreadable: '无法读取，没有签署任何内容。',
      digest: '由中心给出的内容与提议不符：摘要不同。没有签署任何内容。查明原因之前请勿继续。',
      version: '由中心给出的内容与提议的版本不同。没有签署任何内容。查明原因之前请勿继续。',
      field: '与向您显示的内容不符。没有签署任何内容。查明原因之前请勿继续。',
      time: '已过，或距今超过 30 天。没有签署任何内容。请重新提议；如仍如此，请检查时钟。',
    } as Record<SigningFault, string>,
  },
);

// useSigningText gives the sentence for why nothing was signed; none for other errors.
export function useSigningText(): (error: unknown) => string | undefined {
  const t = useText();
  return (error) => {
    if (!(error instanceof SigningError)) return undefined;
    if (!error.of) return t.faults[error.fault];
    const of = t.of[error.of];
    return t.wrong(error.field ? t.field(of, t.fields[error.field]) : of, t.faults[error.fault]);
  };
}
