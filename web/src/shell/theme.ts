// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { theme, type ThemeConfig } from 'antd';

// The look of the console, in tokens only: light and dark differ by the algorithm.
export function themeOf(dark: boolean): ThemeConfig {
  return {
    algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      colorPrimary: dark ? '#3aa6c4' : '#0b6a86',
      // What is chosen: the derived shade of so deep a colour is grey.
      colorPrimaryBg: dark ? '#12313b' : '#e2f1f5',
      colorPrimaryBgHover: dark ? '#174150' : '#cfe7ee',
      colorInfoBg: dark ? '#12313b' : '#e2f1f5',
      colorInfoBorder: dark ? '#1d5364' : '#9cc9d6',
      controlItemBgActive: dark ? '#12313b' : '#e2f1f5',
      controlItemBgActiveHover: dark ? '#174150' : '#cfe7ee',
      colorInfo: dark ? '#3aa6c4' : '#0b6a86',
      colorLink: dark ? '#5cbcd6' : '#0b6a86',
      colorTextDescription: dark ? 'rgba(255,255,255,0.62)' : 'rgba(0,0,0,0.62)',
      colorTextTertiary: dark ? 'rgba(255,255,255,0.62)' : 'rgba(0,0,0,0.62)',
      colorTextPlaceholder: dark ? 'rgba(255,255,255,0.55)' : 'rgba(0,0,0,0.6)',
      borderRadius: 6,
      fontFamily: 'system-ui, -apple-system, "Segoe UI", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif',
      fontFamilyCode: 'ui-monospace, "Cascadia Mono", Consolas, "Noto Sans Mono CJK SC", monospace',
      motion: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
    },
    components: { Table: { cellPaddingBlockSM: 7 } },
  };
}
