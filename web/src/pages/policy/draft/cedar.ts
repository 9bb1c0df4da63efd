// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { StreamLanguage } from '@codemirror/language';

const words = /^(permit|forbid|when|unless|principal|action|resource|context|in|has|like|is|if|then|else|true|false)\b/;

// cedar colours policies of Cedar; what they mean the center says.
export const cedar = StreamLanguage.define<object>({
  name: 'cedar',
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match('//')) {
      stream.skipToEnd();
      return 'comment';
    }
    if (stream.match(/^"(?:[^"\\]|\\.)*"/)) return 'string';
    if (stream.match(/^@\w+/)) return 'meta';
    if (stream.match(/^\d+/)) return 'number';
    if (stream.match(words)) return 'keyword';
    if (stream.match(/^[A-Z]\w*(?=::)/)) return 'typeName';
    if (stream.match(/^\w+/)) return null;
    stream.next();
    return null;
  },
  languageData: { commentTokens: { line: '//' } },
});
