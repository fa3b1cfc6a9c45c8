/** The page's end of the contract, whatever carries it: a message port, a WebSocket, memory. */
import {
  type EventName,
  type EventOf,
  type InputOf,
  type MethodName,
  methods,
  type OutputOf,
} from '../contract/api.ts';
import type { FailureData } from '../contract/values.ts';
import { protocolVersion, type RequestMessage, responseSchema } from './protocol.ts';

export type ConnectionStatus = 'connecting' | 'open' | 'lost';

/** An open or opening way to the studio. */
export interface Link {
  send(message: RequestMessage): void;
  close(): void;
}

/** What a link tells of itself; nothing any more after `closed`. */
export interface LinkEvents {
  message(message: unknown): void;
  closed(): void;
}

/** Begins to open a link. What arrives first over it is the studio's `hello`, or why it could not start. */
export type Dial = (events: LinkEvents) => Link;

/** A failure of the studio, or of the way to it. */
export class StudioFailure extends Error implements FailureData {
  override readonly name = 'StudioFailure';
  readonly code: string;
  readonly hint: string;

  constructor({ code, message, hint }: FailureData) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

export interface StudioClient {
  /** Rejects with a `StudioFailure`. */
  call<M extends MethodName>(method: M, input: InputOf<M>): Promise<OutputOf<M>>;
  /** @returns a function that ends it */
  on<E extends EventName>(event: E, listener: (payload: EventOf<E>) => void): () => void;
  status(): ConnectionStatus;
  onStatus(listener: (status: ConnectionStatus) => void): () => void;
}

export interface ClosableClient extends StudioClient {
  /** For good; open calls are rejected. */
  close(): void;
}

export interface ClientOptions {
  /**
   * Milliseconds to wait before dialling again, `failures` times having been tried in vain since the last hello;
   * null for giving up. Left out: a link that closes is never dialled again.
   */
  readonly retryAfter?: (failures: number) => number | null;
}

interface OpenCall {
  readonly message: RequestMessage;
  readonly resolve: (output: unknown) => void;
  readonly reject: (failure: StudioFailure) => void;
  sent: boolean;
}

const lost: FailureData = {
  code: 'connection-lost',
  message: 'The studio does not answer any more.',
  hint: 'See whether Screenfold is still running, and load this page again.',
};

/**
 * Dials at once. Calls made before the studio has said hello are sent when it has. Where the link breaks, queries
 * under way are asked again over the next one; commands fail, because nobody knows whether they were carried out.
 */
export function createClient(dial: Dial, { retryAfter = () => null }: ClientOptions = {}): ClosableClient {
  const calls = new Map<number, OpenCall>();
  const listeners = new Map<string, Set<(payload: never) => void>>();
  const statusListeners = new Set<(status: ConnectionStatus) => void>();
  let status: ConnectionStatus = 'connecting';
  let ended: FailureData | null = null;
  let nextId = 1;
  let failures = 0;
  let link: Link | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  /** Which dialling is the current one: an older link's words count no more. */
  let turn = 0;

  const setStatus = (now: ConnectionStatus) => {
    if (now === status) return;
    status = now;
    for (const listener of statusListeners) listener(now);
  };
  const rejectWhere = (failure: FailureData, chosen: (call: OpenCall) => boolean) => {
    for (const [id, call] of [...calls].filter(([, open]) => chosen(open))) {
      calls.delete(id);
      call.reject(new StudioFailure(failure));
    }
  };
  const end = (failure: FailureData) => {
    if (ended !== null) return;
    ended = failure;
    turn += 1;
    clearTimeout(retry);
    link?.close();
    setStatus('lost');
    rejectWhere(failure, () => true);
  };
  const send = (call: OpenCall) => {
    call.sent = true;
    link?.send(call.message);
  };

  const onMessage = (message: unknown) => {
    const { success, data } = responseSchema.safeParse(message);
    if (!success) return;
    switch (data.type) {
      case 'hello':
        if (data.protocol !== protocolVersion) {
          end(otherVersion(data.version));
          return;
        }
        failures = 0;
        setStatus('open');
        for (const call of calls.values()) if (!call.sent) send(call);
        return;
      case 'result':
        calls.get(data.id)?.resolve(data.output);
        calls.delete(data.id);
        return;
      case 'failed':
        if (data.id === null) end(data.failure);
        else {
          calls.get(data.id)?.reject(new StudioFailure(data.failure));
          calls.delete(data.id);
        }
        return;
      case 'event':
        for (const listener of [...(listeners.get(data.event) ?? [])]) listener(data.payload as never);
    }
  };
  const onClosed = () => {
    const wait = retryAfter(failures);
    failures += 1;
    if (wait === null) {
      end(lost);
      return;
    }
    turn += 1;
    rejectWhere(lost, (call) => call.sent && kindOf(call.message.method) === 'command');
    for (const call of calls.values()) call.sent = false;
    setStatus('lost');
    retry = setTimeout(open, wait);
  };
  const open = () => {
    turn += 1;
    const mine = turn;
    link = dial({
      message: (message) => {
        if (mine === turn) onMessage(message);
      },
      closed: () => {
        if (mine === turn) onClosed();
      },
    });
  };

  open();
  return {
    call: (method, input) =>
      new Promise((resolve, reject) => {
        if (ended !== null) {
          reject(new StudioFailure(ended));
          return;
        }
        if (status === 'lost' && kindOf(method) === 'command') {
          reject(new StudioFailure(lost));
          return;
        }
        const message: RequestMessage = { type: 'call', id: nextId, method, input };
        nextId += 1;
        const call: OpenCall = {
          message,
          resolve: resolve as (output: unknown) => void,
          reject,
          sent: false,
        };
        calls.set(message.id, call);
        if (status === 'open') send(call);
      }),
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
    close: () => {
      end({ code: 'closed', message: 'The page is closing.', hint: 'Load it again.' });
    },
  };
}

const kindOf = (method: string) =>
  (methods as Readonly<Record<string, { readonly kind: 'query' | 'command' }>>)[method]?.kind ?? 'command';

function otherVersion(version: string): FailureData {
  return {
    code: 'other-version',
    message: `The studio is of another version (${version}) than this page.`,
    hint: 'Load this page again.',
  };
}
