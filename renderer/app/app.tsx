import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { Router } from 'wouter';

import type { StudioClient } from '../../electron/connection/client.ts';
import { ImportingProvider } from '../features/datasets/import/importing-provider.tsx';
import { LendingProvider } from '../features/models/lending.tsx';
import { Activity } from '../features/runs/activity.tsx';
import { RunEnds } from '../features/runs/run-ends.tsx';
import { StudioProvider } from '../studio/studio.tsx';
import { FollowTheme } from './follow-theme.tsx';
import { usePageLocation } from './page-location.ts';
import { Routes } from './routes.tsx';
import { Shell } from './shell.tsx';
import { surfaces, theme } from './theme.ts';
import { WindowDrop } from './window-drop.tsx';

/** The style nonce that the host put into the page's head, for the content security policy. */
const styleNonce = () => document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.content ?? '';

export function createQueries(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // The studio tells when something changes; asking again by the clock would be noise.
      queries: { staleTime: Infinity, retry: false, refetchOnWindowFocus: false, networkMode: 'always' },
      mutations: { networkMode: 'always' },
    },
  });
}

export function App({ client, queries }: { client: StudioClient; queries: QueryClient }) {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={surfaces}
      defaultColorScheme="auto"
      getStyleNonce={styleNonce}
    >
      <Notifications position="top-right" />
      <QueryClientProvider client={queries}>
        <StudioProvider client={client}>
          <FollowTheme />
          <ImportingProvider>
            <Router hook={usePageLocation}>
              <LendingProvider>
                <WindowDrop />
                <RunEnds />
                <Shell activity={<Activity />}>
                  <Routes />
                </Shell>
              </LendingProvider>
            </Router>
          </ImportingProvider>
        </StudioProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
}
