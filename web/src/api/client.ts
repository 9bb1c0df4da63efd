// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import createFetchClient, { type Middleware } from 'openapi-fetch';
import createClient from 'openapi-react-query';
import { askFactor } from '../fresh/ask';
import type { components, paths } from './description.gen';
import { Problem } from './problem';

// Schemas are the types of the interface, by their names in its description.
export type Schemas = components['schemas'];

// fetchFresh makes a call, and once more when the center first wants a second factor
// that was just shown: the person is asked for it in between.
async function fetchFresh(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await fetch(request);
  if (response.status !== 401 || !(await wantsFactor(response.clone())) || request.url.includes('/api/session/')) return response;
  return (await askFactor()) ? fetch(again) : response;
}

async function wantsFactor(response: Response): Promise<boolean> {
  const text: unknown = await response.json().catch(() => null);
  return typeof text === 'object' && text !== null && 'code' in text && text.code === 'second-factor-wanted';
}

// A failed call throws what the center says of it.
const throwing: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    const document: unknown = await response.clone().json().catch(() => null);
    throw new Problem((document ?? { status: response.status, title: response.statusText }) as Partial<Schemas['ProblemDocument']>);
  },
};

// client makes calls: await client.POST('/api/drafts', { body }). It throws a Problem.
// The global fetch is looked up at each call, so that tests can watch it.
export const client = createFetchClient<paths>({ baseUrl: '', fetch: fetchFresh, querySerializer: { array: { style: 'form', explode: true } } });
client.use(throwing);

// api makes calls as React hooks: api.useQuery('get', '/api/alerts', { params: { query } }).
export const api = createClient(client);
