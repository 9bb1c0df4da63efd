// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { theme, type ThemeConfig } from 'antd';

// The grounds and edges of good, doubtful and bad, for the same reason.
const plainGrounds = {
  colorSuccessBg: '#eff8e8',
  colorSuccessBorder: '#b1d79a',
  colorWarningBg: '#fff4e5',
  colorWarningBorder: '#efc08b',
  colorErrorBg: '#fff1f0',
  colorErrorBorder: '#ffa39e',
};

const darkGrounds = { colorBgLayout: '#0d1214', colorBgContainer: '#151c1f', colorBgElevated: '#1c2529' };

// The look of the console, in tokens only: light and dark differ by the algorithm.
export function themeOf(dark: boolean): ThemeConfig {
  return {
    algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    // Every pair of colours that words are written in differs by 4.5 to 1 or more.
    token: {
      colorPrimary: dark ? '#4db6d2' : '#0b6a86',
      colorInfo: dark ? '#5cbcd6' : '#0b6a86',
      colorLink: dark ? '#6cc5dc' : '#0b6a86',
      colorSuccess: dark ? '#6abf40' : '#237804',
      colorWarning: dark ? '#e8a33d' : '#a04b00',
      colorError: dark ? '#f37370' : '#cf1322',
      // What is chosen or informs: the shades derived from so deep a colour are grey.
      colorPrimaryBg: dark ? '#12313b' : '#e2f1f5',
      colorPrimaryBgHover: dark ? '#174150' : '#cfe7ee',
      colorInfoBg: dark ? '#12313b' : '#e2f1f5',
      colorInfoBorder: dark ? '#1d5364' : '#9cc9d6',
      ...(dark ? darkGrounds : plainGrounds),
      controlItemBgActive: dark ? '#12313b' : '#e2f1f5',
      controlItemBgActiveHover: dark ? '#174150' : '#cfe7ee',
      colorTextDescription: dark ? 'rgba(255,255,255,0.65)' : 'rgba(0,0,0,0.65)',
      colorTextTertiary: dark ? 'rgba(255,255,255,0.65)' : 'rgba(0,0,0,0.65)',
      colorTextPlaceholder: dark ? 'rgba(255,255,255,0.6)' : 'rgba(0,0,0,0.62)',
      borderRadius: 6,
      fontFamily: 'system-ui, -apple-system, "Segoe UI", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif',
      fontFamilyCode: 'ui-monospace, "Cascadia Mono", Consolas, "Noto Sans Mono CJK SC", monospace',
      motion: !window.matchMedia('(prefers-reduced-motion: reduce)').matches,
    },
    components: {
      Table: { cellPaddingBlockSM: 7 },
      Menu: dark ? { itemSelectedColor: '#6cc5dc' } : {},
      Button: dark ? { primaryColor: '#04222b', dangerColor: '#2a0808' } : {},
    },
  };
}
