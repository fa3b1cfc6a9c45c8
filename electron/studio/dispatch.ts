import { Failure } from '../../native/failure.ts';
import { asFailure } from '../../native/files/as-failure.ts';
import { type RequestMessage, requestSchema, type ResponseMessage } from '../connection/protocol.ts';
import { type AllHandlers, type CallDefinition, calls } from '../contract/api.ts';
import { explainIssues } from '../contract/explain-issues.ts';
import { failureData } from '../contract/failure-data.ts';
import { nearest } from '../contract/nearest.ts';
import type { Log } from '../library/library.ts';

export interface DispatchOptions {
  readonly log: Log;
  /** Hold what handlers give to the contract as well: for tests, and while developing. */
  readonly checkOutput: boolean;
}

export type Dispatch = (request: RequestMessage) => Promise<ResponseMessage>;

const faultHint = 'The log, in the settings, says more: report it with the lines found there.';

type AnyHandler = (input: unknown) => unknown;

/** One table of handlers behind one function, which never throws: whatever goes wrong is a `failed` answer. */
export function createDispatch(
  handlers: Partial<AllHandlers>,
  { log, checkOutput }: DispatchOptions,
): Dispatch {
  return async ({ id, method: name, input }) => {
    try {
      const definition = definitionOf(name);
      const handler = handlerOf(handlers, name);
      if (definition === null || handler === null) throw unknownCall(name, Object.keys(handlers));
      const parsed = definition.input.safeParse(input);
      if (!parsed.success) throw invalidInput(name, parsed.error.issues, input, definition);
      const output = await handler(parsed.data);
      if (checkOutput) definition.output.parse(output);
      return { type: 'result', id, output };
    } catch (error) {
      if (!(error instanceof Failure)) log.error(`${name} failed`, error);
      return { type: 'failed', id, failure: failureData(asFailure(error, 'internal', faultHint)) };
    }
  };
}

/** The request that a message is, or the answer to one that is none; null where there is nobody to answer. */
export function readRequest(message: unknown): RequestMessage | ResponseMessage | null {
  const parsed = requestSchema.safeParse(message);
  if (parsed.success) return parsed.data;
  const id =
    typeof message === 'object' && message !== null ? (message as { readonly id?: unknown }).id : undefined;
  if (typeof id !== 'number' || !Number.isInteger(id)) return null;
  const faults = explainIssues(parsed.error.issues, message, requestSchema);
  return {
    type: 'failed',
    id,
    failure: {
      code: 'message-invalid',
      message: `The studio was sent something that is not a call: ${faults.join('; ')}.`,
      hint: 'Load the page again: it may be from another version than the studio.',
    },
  };
}

function definitionOf(name: string): CallDefinition | null {
  return Object.hasOwn(calls, name) ? calls[name as keyof typeof calls] : null;
}

function handlerOf(handlers: Partial<AllHandlers>, name: string): AnyHandler | null {
  if (!Object.hasOwn(handlers, name)) return null;
  return (handlers[name as keyof AllHandlers] as AnyHandler | undefined) ?? null;
}

function unknownCall(name: string, known: readonly string[]): Failure {
  const meant = nearest(name, known);
  return new Failure(
    'call-unknown',
    `The studio knows no call "${name}".`,
    meant === null ? 'Load the page again.' : `Did you mean "${meant}"?`,
  );
}

function invalidInput(
  name: string,
  issues: Parameters<typeof explainIssues>[0],
  input: unknown,
  { input: schema }: CallDefinition,
): Failure {
  return new Failure(
    'input-invalid',
    `${name} was given something it cannot take: ${explainIssues(issues, input, schema).join('; ')}.`,
    'Correct it and try again.',
  );
}
