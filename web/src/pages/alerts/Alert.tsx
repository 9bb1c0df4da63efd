// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Page } from '../../parts/Page';

export default function Alert() {
  return <Page title="Alert">{null}</Page>;
}
