// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import type { ComponentType } from 'react';
import type { Call } from '../api/calls';
import type { Names } from './names';

type Loaded = Promise<{ default: ComponentType }>;

// PageOf is one page: its address, the call without which it is of no use, and where its
// program is. Pages with a name are in the menu.
export interface PageOf {
  path: string;
  call: Call;
  name?: keyof Names['pages'];
  load: () => Loaded;
}

export interface Group {
  name: keyof Names['groups'];
  pages: PageOf[];
}

// groups are all pages that a person sees who has signed in, in the order of the menu.
export const groups: Group[] = [
  {
    name: 'today',
    pages: [
      { path: 'overview', name: 'overview', call: 'get-overview', load: () => import('../pages/overview/Overview') },
      { path: 'inbox', name: 'inbox', call: 'show-inbox', load: () => import('../pages/inbox/Inbox') },
      { path: 'alerts', name: 'alerts', call: 'list-alerts', load: () => import('../pages/alerts/Alerts') },
      { path: 'alerts/:id', call: 'show-alert', load: () => import('../pages/alerts/Alert') },
    ],
  },
  {
    name: 'crossing',
    pages: [
      { path: 'crossings', name: 'crossings', call: 'show-crossing', load: () => import('../pages/crossings/Crossings') },
      { path: 'crossings/:parcel', call: 'show-crossing', load: () => import('../pages/crossings/Crossing') },
      { path: 'quarantine', name: 'quarantine', call: 'list-quarantine', load: () => import('../pages/crossings/Quarantine') },
    ],
  },
  {
    name: 'policy',
    pages: [
      { path: 'policy', name: 'inForce', call: 'show-policy-in-force', load: () => import('../pages/policy/InForce') },
      { path: 'policy/drafts', name: 'drafts', call: 'list-drafts', load: () => import('../pages/policy/Drafts') },
      { path: 'policy/drafts/:id', call: 'show-draft', load: () => import('../pages/policy/Draft') },
      { path: 'policy/publications/:id', call: 'show-publication', load: () => import('../pages/policy/Publication') },
      { path: 'policy/rehearsals/:id', call: 'show-rehearsal', load: () => import('../pages/policy/Rehearsal') },
      { path: 'policy/names', name: 'names', call: 'list-names', load: () => import('../pages/policy/Mappings') },
      { path: 'policy/partners', name: 'partners', call: 'list-partners', load: () => import('../pages/policy/Partners') },
      { path: 'proposals', name: 'proposals', call: 'list-proposals', load: () => import('../pages/proposals/Proposals') },
      { path: 'proposals/:id', call: 'show-proposal', load: () => import('../pages/proposals/Proposal') },
    ],
  },
  {
    name: 'operation',
    pages: [
      { path: 'components', name: 'components', call: 'list-components', load: () => import('../pages/components/Components') },
      { path: 'components/:id', call: 'show-component', load: () => import('../pages/components/Component') },
      { path: 'rules', name: 'rules', call: 'list-rules', load: () => import('../pages/alerts/Rules') },
      { path: 'silences', name: 'silences', call: 'list-silences', load: () => import('../pages/alerts/Silences') },
      { path: 'channels', name: 'channels', call: 'list-channels', load: () => import('../pages/alerts/Channels') },
    ],
  },
  {
    name: 'audit',
    pages: [
      { path: 'evidence', name: 'evidence', call: 'find-entries', load: () => import('../pages/evidence/Entries') },
      { path: 'evidence/:log/:index', call: 'show-entry', load: () => import('../pages/evidence/Entry') },
      { path: 'questions', name: 'questions', call: 'list-questions', load: () => import('../pages/evidence/Questions') },
      { path: 'findings', name: 'findings', call: 'list-findings', load: () => import('../pages/findings/Findings') },
      { path: 'findings/:id', call: 'show-finding', load: () => import('../pages/findings/Finding') },
      { path: 'reports', name: 'reports', call: 'list-reports', load: () => import('../pages/reports/Reports') },
      { path: 'logs', name: 'logs', call: 'list-logs', load: () => import('../pages/evidence/Logs') },
      { path: 'retention', name: 'retention', call: 'show-retention', load: () => import('../pages/retention/Retention') },
      { path: 'sources', name: 'sources', call: 'list-sources', load: () => import('../pages/retention/Sources') },
      { path: 'exports', name: 'exports', call: 'list-export-targets', load: () => import('../pages/retention/Exports') },
    ],
  },
  {
    name: 'people',
    pages: [
      { path: 'accounts', name: 'accounts', call: 'list-accounts', load: () => import('../pages/accounts/Accounts') },
      { path: 'accounts/:id', call: 'show-account', load: () => import('../pages/accounts/Account') },
      { path: 'sessions', name: 'sessions', call: 'list-sessions', load: () => import('../pages/accounts/Sessions') },
      { path: 'account-rules', name: 'accountRules', call: 'get-account-rules', load: () => import('../pages/accounts/Rules') },
      { path: 'self', call: 'get-session', load: () => import('../pages/accounts/Self') },
    ],
  },
];
