/**
 * Everything the page can ask of the studio and be told by it: one table of calls, one of events. Both sides check
 * against it, so that a message nobody defined never reaches a domain. Each domain's part is in the file named after it.
 */
import { z } from 'zod';

import { captionerCalls, captionerEvents } from './captioners.ts';
import { captionCalls } from './captions.ts';
import { datasetCalls, datasetEvents } from './datasets.ts';
import { downloadCalls, downloadEvents } from './downloads.ts';
import { exportCalls, exportEvents } from './exports.ts';
import { galleryCalls, galleryEvents } from './gallery.ts';
import { gpuCalls } from './gpu.ts';
import { loraCalls } from './loras.ts';
import { modelCalls } from './models.ts';
import { runCalls, runEvents } from './runs.ts';
import { systemCalls, systemEvents } from './system.ts';
import type { Subject } from './values.ts';

/** What one call takes and gives. A `query` changes nothing and may be asked again; a `command` may not. */
export type CallDefinition = { readonly input: z.ZodType; readonly output: z.ZodType } & (
  { readonly kind: 'query'; readonly about: readonly Subject[] } | { readonly kind: 'command' }
);

export const calls = {
  ...datasetCalls,
  ...captionCalls,
  ...captionerCalls,
  ...runCalls,
  ...galleryCalls,
  ...modelCalls,
  ...loraCalls,
  ...exportCalls,
  ...downloadCalls,
  ...gpuCalls,
  ...systemCalls,
} as const satisfies Readonly<Record<string, CallDefinition>>;

export const events = {
  ...datasetEvents,
  ...captionerEvents,
  ...runEvents,
  ...galleryEvents,
  ...exportEvents,
  ...downloadEvents,
  ...systemEvents,
} as const satisfies Readonly<Record<string, z.ZodType>>;

export type CallName = keyof typeof calls;
export type QueryName = {
  [C in CallName]: (typeof calls)[C]['kind'] extends 'query' ? C : never;
}[CallName];
export type CommandName = Exclude<CallName, QueryName>;
/** What a caller writes: defaults may be left out. */
export type InputOf<C extends CallName> = z.input<(typeof calls)[C]['input']>;
/** What a handler is given: defaults filled in. */
export type ParsedInputOf<C extends CallName> = z.output<(typeof calls)[C]['input']>;
export type OutputOf<C extends CallName> = z.output<(typeof calls)[C]['output']>;

export type EventName = keyof typeof events;
export type EventOf<E extends EventName> = z.output<(typeof events)[E]>;

export type Handler<C extends CallName> = (input: ParsedInputOf<C>) => OutputOf<C> | Promise<OutputOf<C>>;

/** A domain's handlers: those of the calls whose names begin with one of its prefixes, and `.`. */
export type HandlersOf<Prefix extends string> = {
  readonly [C in Extract<CallName, `${Prefix}.${string}`>]: Handler<C>;
};
export type AllHandlers = { readonly [C in CallName]: Handler<C> };

/** Tells every page. */
export type Publish = <E extends EventName>(event: E, payload: EventOf<E>) => void;
