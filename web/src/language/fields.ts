// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Field, FieldCode } from '../api/problem';
import { type Language, useLanguage } from './texts';

type Say = (f: Field) => string;

// What is not right with a field, by its code. A code without words in either language is
// refused by the compiler.
const en = {
  number: (f) => between(f, '', english),
  characters: (f) => between(f, ' characters', english),
  bytes: (f) => between(f, ' bytes', english),
  count: (f) => between(f, ' of them', english),
  missing: () => 'this is wanted',
  unexpected: () => 'the center knows no such field',
  repeated: () => 'it is there twice',
  kind: (f) => `of the wrong kind: ${f.values?.join(', ') ?? '?'} is wanted`,
  choice: (f) => `one of: ${f.values?.join(', ') ?? '?'}`,
  form: (f) => (f.like ? `not of the form that is wanted, for example ${f.like}` : 'not of the form that is wanted'),
  name: (f) => `lower-case letters, digits and hyphens, at most ${f.most}`,
  label: (f) => `letters, digits, - and _, from ${f.least} to ${f.most}`,
  hex: (f) => `${f.most} hexadecimal digits`,
  'one-line': () => 'one line of text that is not too long',
  'not-text': () => 'this is not text in UTF-8',
  'no-such': (f) => (f.values?.length ? `there is no ${f.values.join(', ')}` : 'there is no such thing'),
  days: (f) => `in the future, at most ${f.most} days from now`,
  before: () => 'the beginning must be before the end',
  classes: (f) => `at least ${f.least} of lower case, upper case, digits and other characters`,
  'own-name': () => 'without the account’s name in it',
  used: (f) => `one of the last ${f.most}: choose another one`,
  differs: () => 'not what the proposal has',
  together: (f) => `all or none: ${f.values?.join(', ') ?? ''}`,
  'not-here': () => 'this kind does not have it',
  'in-clear': () => 'a password is not sent in clear',
  pem: () => 'these are no certificates in PEM',
  'file-name': () => 'the name of a file in the center’s directory for exports, without a path',
  path: (f) => `not the path of a file of policy: below the folder, nothing hidden, at most ${f.most} bytes`,
  'not-yours': (f) => `not for this partner to say: ${f.detail}`,
  'case-fails': (f) => `case “${f.values?.[0] ?? ''}” wants ${f.values?.[1] ?? '?'} and gets ${f.values?.[2] ?? '?'}`,
  other: (f) => f.detail,
} satisfies Record<FieldCode, Say>;

const zh: Record<FieldCode, Say> = {
  number: (f) => between(f, '', chinese),
  characters: (f) => between(f, ' 个字符', chinese),
  bytes: (f) => between(f, ' 字节', chinese),
  count: (f) => between(f, ' 项', chinese),
  missing: () => '必填',
  unexpected: () => '中心不认识此字段',
  repeated: () => '重复出现',
  kind: (f) => `类型不对，应为 ${f.values?.join('、') ?? '?'}`,
  choice: (f) => `只能取：${f.values?.join('、') ?? '?'}`,
  form: (f) => (f.like ? `格式不对，例如 ${f.like}` : '格式不对'),
  name: (f) => `只能用小写字母、数字和连字符，至多 ${f.most} 个`,
  label: (f) => `只能用字母、数字、“-”和“_”，须为 ${f.least} 到 ${f.most} 个`,
  hex: (f) => `须为 ${f.most} 位十六进制数字`,
  'one-line': () => '须为一行文字，且不可过长',
  'not-text': () => '不是 UTF-8 文本',
  'no-such': (f) => (f.values?.length ? `不存在：${f.values.join('、')}` : '不存在'),
  days: (f) => `须为将来时间，至多 ${f.most} 天之后`,
  before: () => '起始须早于结束',
  classes: (f) => `小写、大写、数字、其他字符中至少 ${f.least} 类`,
  'own-name': () => '不得包含账户名',
  used: (f) => `与最近 ${f.most} 个口令之一相同，请换一个`,
  differs: () => '与提议中的不一致',
  together: (f) => `须一并填写或一并留空：${f.values?.join('、') ?? ''}`,
  'not-here': () => '此类型没有这一项',
  'in-clear': () => '口令不得明文发送',
  pem: () => '不是 PEM 格式的证书',
  'file-name': () => '须为中心导出目录中的文件名，不含路径',
  path: (f) => `不是策略文件的路径：须在目录之内，不含隐藏文件，至多 ${f.most} 字节`,
  'not-yours': (f) => `不归此伙伴声明：${f.detail}`,
  'case-fails': (f) => `用例“${f.values?.[0] ?? ''}”期望 ${f.values?.[1] ?? '?'}，结果为 ${f.values?.[2] ?? '?'}`,
  other: (f) => f.chinese ?? f.detail,
};

interface Bounds {
  both: (least: number, most: number) => string;
  least: (n: number) => string;
  most: (n: number) => string;
}

const english: Bounds = { both: (a, b) => `from ${a} to ${b}`, least: (n) => `at least ${n}`, most: (n) => `at most ${n}` };
const chinese: Bounds = { both: (a, b) => `须为 ${a} 到 ${b}`, least: (n) => `至少 ${n}`, most: (n) => `至多 ${n}` };

function between(f: Field, unit: string, say: Bounds): string {
  if (f.least !== undefined && f.most !== undefined) return say.both(f.least, f.most) + unit;
  if (f.least !== undefined) return say.least(f.least) + unit;
  return f.most !== undefined ? say.most(f.most) + unit : f.detail;
}

// fieldIn says in a language what is not right with a field. A code that only a newer
// center knows is told as that wrote it.
export function fieldIn(language: Language, f: Field): string {
  return ((language === 'zh' ? zh : en) as Partial<Record<string, Say>>)[f.code]?.(f) ?? f.detail;
}

// useFieldText is fieldIn for the language that the person reads.
export function useFieldText(): (f: Field) => string {
  const language = useLanguage();
  return (f) => fieldIn(language, f);
}
