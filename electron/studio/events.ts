import type { ResponseMessage } from '../connection/protocol.ts';
import { type EventName, events as definitions, type Publish } from '../contract/api.ts';

export type EventMessage = Extract<ResponseMessage, { readonly type: 'event' }>;

export interface Events {
  readonly publish: Publish;
  /** @returns a function that ends it */
  readonly subscribe: (listener: (message: EventMessage) => void) => () => void;
}

/** Tells every page what happened. `check` holds each payload to the contract and throws where it breaks it. */
export function createEvents(check: boolean): Events {
  const listeners = new Set<(message: EventMessage) => void>();
  return {
    publish: (event: EventName, payload: unknown) => {
      if (check) definitions[event].parse(payload);
      for (const listener of [...listeners]) listener({ type: 'event', event, payload });
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
