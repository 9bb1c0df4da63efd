// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, it } from 'vitest';
import { visible } from './Tried';

it('shows every byte that is no letter', () => {
  expect(visible('12 <110>1 a\tb\u0000\r\n中文\u007f')).toBe('12 <110>1 a␉b␀␍␊\n中文␡');
});
