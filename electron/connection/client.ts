/** The page's end of the contract, whatever carries it: a message port, a WebSocket, memory. */
import type { CallName, EventName, EventOf, InputOf, OutputOf } from '../contract/api.ts';
import type { FailureData } from '../contract/values.ts';
import { createOpenCalls, isCommand } from './open-calls.ts';
import { protocolVersion, type RequestMessage, responseSchema } from './protocol.ts';
import { StudioFailure } from './studio-failure.ts';

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

export interface StudioClient {
  /** Rejects with a `StudioFailure`. */
  call<C extends CallName>(name: C, input: InputOf<C>): Promise<OutputOf<C>>;
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

const lost: FailureData = {
  code: 'connection-lost',
  message: 'The studio does not answer.',
  hint: 'Check that Screenfold is still running, and load this page again.',
};

/**
 * Dials at once. Calls made before the studio has said hello are sent when it has. Where the link breaks, queries
 * under way are asked again over the next one; commands fail, because nobody knows whether they were carried out.
 */
export function createClient(dial: Dial, { retryAfter = () => null }: ClientOptions = {}): ClosableClient {
  const calls = createOpenCalls();
  const told = createListeners();
  let status: ConnectionStatus = 'connecting';
  let ended: FailureData | null = null;
  let failures = 0;
  let link: Link | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  /** Which dialling is the current one: an older link's words count no more. */
  let turn = 0;

  const setStatus = (now: ConnectionStatus) => {
    if (now === status) return;
    status = now;
    told.status(now);
  };
  const sendOpen = () => {
    calls.sendOver((message) => link?.send(message));
  };
  const end = (failure: FailureData) => {
    if (ended !== null) return;
    ended = failure;
    turn += 1;
    clearTimeout(retry);
    link?.close();
    setStatus('lost');
    calls.failAll(failure);
  };
  const onMessage = (message: unknown) => {
    const { success, data } = responseSchema.safeParse(message);
    if (!success) return;
    if (data.type === 'event') told.event(data.event, data.payload);
    else if (data.type === 'result') calls.answer(data.id, data.output);
    else if (data.type === 'failed' && data.id !== null) calls.fail(data.id, data.failure);
    else if (data.type === 'failed') end(data.failure);
    else if (data.protocol !== protocolVersion) end(otherVersion(data.version));
    else {
      failures = 0;
      setStatus('open');
      sendOpen();
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
    calls.linkLost(lost);
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
    call: <C extends CallName>(name: C, input: InputOf<C>) => {
      if (ended !== null) return Promise.reject(new StudioFailure(ended));
      if (status === 'lost' && isCommand(name)) return Promise.reject(new StudioFailure(lost));
      const answer = calls.add(name, input) as Promise<OutputOf<C>>;
      if (status === 'open') sendOpen();
      return answer;
    },
    on: told.on,
    status: () => status,
    onStatus: told.onStatus,
    close: () => {
      end({ code: 'closed', message: 'The page is closing.', hint: 'Load it again.' });
    },
  };
}

/** Who wants to hear of events and of the connection. */
function createListeners() {
  const ofEvents = new Map<string, Set<(payload: never) => void>>();
  const ofStatus = new Set<(status: ConnectionStatus) => void>();
  return {
    on: <E extends EventName>(event: E, listener: (payload: EventOf<E>) => void) => {
      const listeners = ofEvents.get(event) ?? new Set();
      ofEvents.set(event, listeners.add(listener));
      return () => listeners.delete(listener);
    },
    onStatus: (listener: (status: ConnectionStatus) => void) => {
      ofStatus.add(listener);
      return () => ofStatus.delete(listener);
    },
    event: (event: string, payload: unknown) => {
      for (const listener of [...(ofEvents.get(event) ?? [])]) listener(payload as never);
    },
    status: (now: ConnectionStatus) => {
      for (const listener of ofStatus) listener(now);
    },
  };
}

function otherVersion(version: string): FailureData {
  return {
    code: 'other-version',
    message: `The studio is version ${version}, and this page is from another.`,
    hint: 'Load this page again.',
  };
}
