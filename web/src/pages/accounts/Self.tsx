// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Page } from '../../parts/Page';

export default function Self() {
  return <Page title="Self">{null}</Page>;
}
