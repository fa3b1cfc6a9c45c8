import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { render, type RenderResult } from '@testing-library/react';
import type { ReactNode } from 'react';
import { Router } from 'wouter';
import { memoryLocation } from 'wouter/memory-location';

import type { ConnectionStatus, StudioClient } from '../../electron/connection/client.ts';
import { StudioFailure } from '../../electron/connection/studio-failure.ts';
import type {
  AllHandlers,
  CallName,
  EventName,
  EventOf,
  InputOf,
  OutputOf,
} from '../../electron/contract/api.ts';
import { calls as definitions } from '../../electron/contract/api.ts';
import { createQueries } from '../../renderer/app/app.tsx';
import { surfaces, theme } from '../../renderer/app/theme.ts';
import { StudioProvider } from '../../renderer/studio/studio.tsx';

export interface Call {
  readonly method: CallName;
  readonly input: unknown;
}

export interface FakeStudio {
  readonly client: StudioClient;
  /** Everything asked so far, in order, with defaults filled in. */
  readonly calls: readonly Call[];
  /** The inputs of one method's calls. */
  readonly inputsOf: (method: CallName) => readonly unknown[];
  readonly publish: <E extends EventName>(event: E, payload: EventOf<E>) => void;
  readonly setStatus: (status: ConnectionStatus) => void;
}

/**
 * A studio in memory that answers by `handlers`. Inputs are checked against the contract as a host checks them;
 * a method without a handler fails with `not-faked`, naming it.
 */
export function fakeStudio(handlers: Partial<AllHandlers>): FakeStudio {
  const calls: Call[] = [];
  const listeners = new Map<EventName, Set<(payload: never) => void>>();
  const statusListeners = new Set<(status: ConnectionStatus) => void>();
  let status: ConnectionStatus = 'open';
  const answer = async <M extends CallName>(method: M, given: InputOf<M>): Promise<OutputOf<M>> => {
    const parsed = definitions[method].input.safeParse(given);
    if (!parsed.success) {
      throw new StudioFailure({ code: 'input-invalid', message: parsed.error.message, hint: '' });
    }
    calls.push({ method, input: parsed.data });
    const handler = handlers[method] as ((input: unknown) => OutputOf<M> | Promise<OutputOf<M>>) | undefined;
    if (handler === undefined) {
      throw new StudioFailure({ code: 'not-faked', message: `${method} is not faked.`, hint: '' });
    }
    return await handler(parsed.data);
  };
  return {
    client: {
      call: answer,
      on: (event, listener) => {
        const ofEvent = listeners.get(event) ?? new Set();
        listeners.set(event, ofEvent.add(listener));
        return () => ofEvent.delete(listener);
      },
      status: () => status,
      onStatus: (listener) => {
        statusListeners.add(listener);
        return () => statusListeners.delete(listener);
      },
    },
    calls,
    inputsOf: (method) => calls.filter((call) => call.method === method).map(({ input }) => input),
    publish: (event, payload) => {
      for (const listener of [...(listeners.get(event) ?? [])]) listener(payload as never);
    },
    setStatus: (now) => {
      status = now;
      for (const listener of statusListeners) listener(now);
    },
  };
}

export interface Rendered extends RenderResult {
  /** Where the page is. */
  readonly location: () => string;
  /** Draws something else in its place, over the same answers. */
  readonly rerenderInside: (ui: ReactNode) => void;
}

/** Draws a part of the page over a studio, at a path, with everything around it that the app has. */
export function renderWithStudio(
  ui: ReactNode,
  { client }: Pick<FakeStudio, 'client'>,
  path = '/',
): Rendered {
  const { hook, searchHook, history } = memoryLocation({ path, record: true });
  const queries = createQueries();
  const around = (inside: ReactNode) => (
    <MantineProvider theme={theme} cssVariablesResolver={surfaces} env="test">
      <Notifications />
      <QueryClientProvider client={queries}>
        <StudioProvider client={client}>
          <Router hook={hook} searchHook={searchHook}>
            {inside}
          </Router>
        </StudioProvider>
      </QueryClientProvider>
    </MantineProvider>
  );
  const result = render(around(ui));
  return {
    ...result,
    location: () => history.at(-1) ?? '',
    rerenderInside: (inside) => {
      result.rerender(around(inside));
    },
  };
}
