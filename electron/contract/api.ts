/**
 * Everything the page can ask of the studio and be told by it: one table of methods, one of events. Both sides check
 * against it, so that a message nobody defined never reaches a domain. Each domain's part is in the file named after it.
 */
import { z } from 'zod';

import { captionMethods } from './captions.ts';
import { datasetEvents, datasetMethods } from './datasets.ts';
import { exportEvents, exportMethods } from './exports.ts';
import { galleryEvents, galleryMethods } from './gallery.ts';
import { modelMethods } from './models.ts';
import { runEvents, runMethods } from './runs.ts';
import { systemEvents, systemMethods } from './system.ts';
import type { Subject } from './values.ts';

/** What one method takes and gives. A `query` changes nothing and may be asked again; a `command` may not. */
export type MethodDefinition = { readonly input: z.ZodType; readonly output: z.ZodType } & (
  { readonly kind: 'query'; readonly about: readonly Subject[] } | { readonly kind: 'command' }
);

export const methods = {
  ...datasetMethods,
  ...captionMethods,
  ...runMethods,
  ...galleryMethods,
  ...modelMethods,
  ...exportMethods,
  ...systemMethods,
} as const satisfies Readonly<Record<string, MethodDefinition>>;

export const events = {
  ...datasetEvents,
  ...runEvents,
  ...galleryEvents,
  ...exportEvents,
  ...systemEvents,
} as const satisfies Readonly<Record<string, z.ZodType>>;

export type MethodName = keyof typeof methods;
export type QueryName = {
  [M in MethodName]: (typeof methods)[M]['kind'] extends 'query' ? M : never;
}[MethodName];
export type CommandName = Exclude<MethodName, QueryName>;
/** What a caller writes: defaults may be left out. */
export type InputOf<M extends MethodName> = z.input<(typeof methods)[M]['input']>;
/** What a handler is given: defaults filled in. */
export type ParsedInputOf<M extends MethodName> = z.output<(typeof methods)[M]['input']>;
export type OutputOf<M extends MethodName> = z.output<(typeof methods)[M]['output']>;

export type EventName = keyof typeof events;
export type EventOf<E extends EventName> = z.output<(typeof events)[E]>;

export type Handler<M extends MethodName> = (input: ParsedInputOf<M>) => OutputOf<M> | Promise<OutputOf<M>>;

/** A domain's handlers: those of the methods whose names begin with one of its prefixes, and `.`. */
export type HandlersOf<Prefix extends string> = {
  readonly [M in Extract<MethodName, `${Prefix}.${string}`>]: Handler<M>;
};
export type AllHandlers = { readonly [M in MethodName]: Handler<M> };

/** Tells every page. */
export type Publish = <E extends EventName>(event: E, payload: EventOf<E>) => void;
