// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { Language } from '../../language/texts';

// What the center says is not right with a field, in the reader's language. It writes
// English; a sentence that is not known here is shown as it is.
const known: [RegExp, (...found: string[]) => string][] = [
  [/^at least (\d+) characters$/, (n) => `至少 ${n} 个字符`],
  [/^at most (\d+) bytes$/, (n) => `至多 ${n} 字节`],
  [/^(\d) of lower case, upper case, digits and other characters$/, (n) => `小写、大写、数字、其他字符中至少 ${n} 类`],
  [/^not the account's name in it$/, () => '不得包含账户名'],
  [/^another one$/, () => '近期用过，请换一个'],
  [/^as (.+)$/, (example) => `例如 ${example}`],
  [/^expected number >= (\d+)$/, (n) => `不得小于 ${n}`],
  [/^expected number <= (\d+)$/, (n) => `不得大于 ${n}`],
  [/^expected length >= (\d+)$/, (n) => `至少 ${n} 个字符`],
  [/^expected length <= (\d+)$/, (n) => `至多 ${n} 个字符`],
  [/^from (\d+) to (\d+)$/, (from, to) => `须在 ${from} 到 ${to} 之间`],
];

const plainer: [RegExp, string][] = [
  [/^another one$/, 'used before, choose another one'],
  [/^expected (?:number|length) >= /, 'at least '],
  [/^expected (?:number|length) <= /, 'at most '],
];

export function detailIn(language: Language, detail: string): string {
  const parts = detail.split('; ').map((part) => {
    if (language === 'en') return plainer.reduce((text, [form, plain]) => text.replace(form, plain), part);
    for (const [form, say] of known) {
      const found = form.exec(part);
      if (found) return say(...found.slice(1));
    }
    return part;
  });
  return parts.join(language === 'zh' ? '；' : '; ');
}
