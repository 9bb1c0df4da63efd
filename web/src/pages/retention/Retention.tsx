// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Page } from '../../parts/Page';
import { useNames } from '../../shell/names';
import { Classes } from './Classes';
import { Destroyed } from './Destroyed';
import { Disk } from './Disk';
import './retention.css';
import { useText } from './retentionText';
import { Windows } from './Windows';

export default function Retention() {
  const t = useText();
  const names = useNames();
  return (
    <Page title={names.pages.retention} lead={t.lead}>
      <Disk />
      <Classes />
      <Windows />
      <Destroyed />
    </Page>
  );
}
