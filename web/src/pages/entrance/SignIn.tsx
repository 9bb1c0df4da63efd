// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { useQueryClient } from '@tanstack/react-query';
import { Button, Spin } from 'antd';
import { useState } from 'react';
import { useLocation, useNavigate, useSearchParams } from 'react-router';
import { api, type Schemas } from '../../api/client';
import { problemOf } from '../../api/problem';
import { ProblemView } from '../../parts/ProblemView';
import { Door } from './Door';
import { PasskeyNote, passkeysHere } from './PasskeyNote';
import { backOf } from './place';
import { SetupNote } from './SetupNote';
import { FactorStep, PasswordStep, RenewStep } from './steps';
import { useText } from './text';

type Step = 'password' | 'factor' | 'renew';
const stepOf: Record<Schemas['AccountSession']['state'], Step | 'in'> = { factor: 'factor', password: 'renew', full: 'in' };

// SignIn leads from a name to the page that one wanted.
export default function SignIn() {
  const t = useText();
  const setup = api.useQuery('get', '/api/setup', {}, { refetchInterval: (q) => (q.state.data?.initialised === false ? 10_000 : false) });
  const given = (useLocation().state as { name?: string } | null)?.name ?? '';
  const [anyway, setAnyway] = useState(given !== ''); // who has just taken over has an account
  const begun = useBegun();
  const { step, body, onBody, onRestart } = useSteps(begun);
  const passkeys = passkeysHere(setup.data);
  const missing = setup.data?.initialised === false;
  const wantsForm = step !== 'password' || anyway || !missing;
  const title = wantsForm ? { password: t.signIn.title, factor: t.signIn.factorTitle, renew: t.signIn.renewTitle }[step] : t.setup.title;
  if (setup.isPending) return <Spin className="waiting" size="large" />;
  return (
    <Door title={title} wide={missing && !wantsForm}>
      {setup.error && <ProblemView error={setup.error} retry={() => void setup.refetch()} />}
      {missing && step === 'password' && setup.data && !anyway && <SetupNote setup={setup.data} />}
      {missing && !wantsForm && <Button onClick={() => setAnyway(true)}>{t.setup.anyway}</Button>}
      {wantsForm && step === 'password' && <PasswordStep name={given} onBody={onBody} />}
      {step === 'factor' && (
        <FactorStep body={body} passkey={passkeys?.here === true && (body?.factors?.includes('passkey') ?? true)} onBody={onBody} onRestart={onRestart} />
      )}
      {step === 'renew' && <RenewStep onBody={onBody} onRestart={onRestart} />}
      {wantsForm && step !== 'renew' && (
        <div className="door-note">
          <PasskeyNote passkeys={passkeys} quiet />
        </div>
      )}
    </Door>
  );
}

// useBegun is the step of a session that this browser has begun and not completed: the
// frame was told so when it asked who has signed in.
function useBegun(): Step {
  const queries = useQueryClient();
  const [begun] = useState<Step>(() => {
    const told = queries.getQueryState(api.queryOptions('get', '/api/session', {}).queryKey)?.error;
    const code = told ? problemOf(told).code : '';
    return code === 'second-factor-wanted' ? 'factor' : code === 'password-expired' ? 'renew' : 'password';
  });
  return begun;
}

function useSteps(begun: Step) {
  const queries = useQueryClient();
  const go = useNavigate();
  const [params] = useSearchParams();
  const [step, setStep] = useState<Step>(begun);
  const [body, setBody] = useState<Schemas['SessionBody'] | null>(null);
  const onBody = (next: Schemas['SessionBody']) => {
    const to = stepOf[next.session.state];
    if (to !== 'in') {
      setBody(next);
      setStep(to);
      return;
    }
    // What another person was shown in this browser must not be shown to this one.
    queries.removeQueries({ predicate: (q) => q.queryKey[1] !== '/api/setup' });
    void go(backOf(params.get('back')), { replace: true });
  };
  const onRestart = () => {
    setBody(null);
    setStep('password');
  };
  return { step, body, onBody, onRestart };
}
