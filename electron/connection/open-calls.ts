import { type CallName, calls as definitions } from '../contract/api.ts';
import type { FailureData } from '../contract/values.ts';
import type { RequestMessage } from './protocol.ts';
import { StudioFailure } from './studio-failure.ts';

interface OpenCall {
  readonly message: RequestMessage;
  readonly resolve: (output: unknown) => void;
  readonly reject: (failure: StudioFailure) => void;
  sent: boolean;
}

/** The calls that wait for their answer, in the order they were made. */
export interface OpenCalls {
  /** Resolves or rejects when the call is answered. */
  readonly add: (name: string, input: unknown) => Promise<unknown>;
  readonly answer: (id: number, output: unknown) => void;
  readonly fail: (id: number, failure: FailureData) => void;
  readonly failAll: (failure: FailureData) => void;
  /** Sends what has not been sent over this link. */
  readonly sendOver: (send: (message: RequestMessage) => void) => void;
  /**
   * A link broke: queries are to be sent again over the next one; commands fail, because nobody knows whether they
   * were carried out.
   */
  readonly linkLost: (failure: FailureData) => void;
}

export function createOpenCalls(): OpenCalls {
  const calls = new Map<number, OpenCall>();
  let nextId = 1;
  const rejectWhere = (failure: FailureData, chosen: (call: OpenCall) => boolean) => {
    for (const [id, call] of [...calls].filter(([, open]) => chosen(open))) {
      calls.delete(id);
      call.reject(new StudioFailure(failure));
    }
  };
  return {
    add: (name, input) =>
      new Promise((resolve, reject) => {
        const id = nextId;
        nextId += 1;
        calls.set(id, { message: { type: 'call', id, method: name, input }, resolve, reject, sent: false });
      }),
    answer: (id, output) => {
      calls.get(id)?.resolve(output);
      calls.delete(id);
    },
    fail: (id, failure) => {
      calls.get(id)?.reject(new StudioFailure(failure));
      calls.delete(id);
    },
    failAll: (failure) => {
      rejectWhere(failure, () => true);
    },
    sendOver: (send) => {
      for (const call of [...calls.values()].filter(({ sent }) => !sent)) {
        call.sent = true;
        send(call.message);
      }
    },
    linkLost: (failure) => {
      rejectWhere(failure, ({ sent, message }) => sent && isCommand(message.method));
      for (const call of calls.values()) call.sent = false;
    },
  };
}

/** What is no query may not be asked twice. */
export function isCommand(name: string): boolean {
  return !Object.hasOwn(definitions, name) || definitions[name as CallName].kind === 'command';
}
