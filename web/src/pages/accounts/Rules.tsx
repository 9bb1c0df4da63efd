// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { Spin } from 'antd';
import { Facts } from '../../parts/Facts';
import { Page } from '../../parts/Page';
import { ProblemView } from '../../parts/ProblemView';
import { useMay } from '../../session/session';
import { useNames } from '../../shell/names';
import './accounts.css';
import { ruleNames, RulesForm } from './RulesForm';
import { useText } from './text';
import { useRules } from './useRules';

// Rules are what is asked of passwords and sessions: a form for who may set them, and
// their values for everybody else.
export default function Rules() {
  const t = useText();
  const names = useNames();
  const may = useMay()('set-account-rules');
  const answer = useRules();
  if (answer.isPending) return <Spin className="waiting" />;
  if (!answer.data) return <ProblemView error={answer.error} retry={() => void answer.refetch()} />;
  const { rules } = answer.data;
  return (
    <Page title={names.pages.accountRules} lead={may ? `${t.rules.lead} ${t.rules.how}` : t.rules.lead}>
      {may ? (
        <RulesForm read={answer.data} again={async () => (await answer.refetch()).data} />
      ) : (
        <Facts of={ruleNames.map((name) => [t.rules.fields[name].label, `${rules[name]} ${t.rules.fields[name].unit}`])} />
      )}
    </Page>
  );
}
