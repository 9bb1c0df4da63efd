// Copyright 2026 The Dukou Authors
// SPDX-License-Identifier: Apache-2.0

import { createHashRouter, Navigate, type RouteObject } from 'react-router';
import { Broken } from './Broken';
import { Gate } from './Gate';
import { Guarded } from './Guarded';
import { groups, type PageOf } from './pages';

// page is a route of a page, which is loaded when it is first opened.
function page(p: PageOf): RouteObject {
  return {
    path: p.path,
    lazy: async () => {
      const { default: Page } = await p.load();
      return {
        element: (
          <Guarded call={p.call}>
            <Page />
          </Guarded>
        ),
      };
    },
    errorElement: <Broken />,
  };
}

// Nothing is shown for the moment in which a page's program comes.
const Nothing = () => null;

// Addresses are behind a #, so that a one-time link never reaches a server's log.
export const router = createHashRouter([
  { path: '/sign-in', lazy: async () => ({ Component: (await import('../pages/entrance/SignIn')).default }), HydrateFallback: Nothing, errorElement: <Broken /> },
  { path: '/link/:token', lazy: async () => ({ Component: (await import('../pages/entrance/Link')).default }), HydrateFallback: Nothing, errorElement: <Broken /> },
  {
    path: '/',
    Component: Gate,
    errorElement: <Broken />,
    HydrateFallback: Nothing,
    children: [
      { index: true, element: <Navigate to="/overview" replace /> },
      ...groups.flatMap((g) => g.pages.map(page)),
      { path: '*', element: <Broken missing /> },
    ],
  },
]);
