import { z } from 'zod';

import { captionerKinds } from '../../native/facts/captioning.ts';
import { command, done, failureSchema, id, nothing, query } from './values.ts';

/** A licence as a person is shown it before the first download under it. */
export const licenceSchema = z.object({
  /** `CreativeML Open RAIL-M`. */
  name: z.string(),
  /** Where all of it is to be read. */
  address: z.string(),
  /** What matters most of it, a sentence each. */
  points: z.array(z.string()),
});
export type Licence = z.output<typeof licenceSchema>;

/** A base that is offered. */
export const starterSchema = z.object({
  id: z.string(),
  name: z.string(),
  bytes: z.number(),
  resolution: z.int(),
  /** In a sentence or two. */
  suits: z.string(),
  /** The page that describes it. */
  page: z.string(),
  licence: licenceSchema,
  accepted: z.boolean(),
  /** Whether this version of Screenfold can open it. */
  opens: z.boolean(),
});
export type StarterOffer = z.output<typeof starterSchema>;

/** A captioning model that is offered: several files, in a folder of their own. */
export const publishedCaptionerSchema = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(captionerKinds),
  publisher: z.string(),
  /** Of its files together, about. */
  bytes: z.number(),
  licence: z.string(),
  /** The page that describes it. */
  page: z.string(),
  suits: z.string(),
  /** Of the library, where it was downloaded. */
  captionerId: id.nullable(),
});
export type CaptionerOffer = z.output<typeof publishedCaptionerSchema>;

const downloadId = z
  .string()
  .max(64)
  .regex(/^[a-z0-9][a-z0-9.-]*$/, 'must be the id of a download');

export const downloadSchema = z.object({
  id: downloadId,
  title: z.string(),
  /** The host it comes from. */
  host: z.string(),
  kind: z.enum(['base', 'gpu-pack', 'captioner']),
  /**
   * `waiting` for the next try, for the reason in `failure`; `checking`: all has come and is held to its sum; `opening`: it is
   * being put to use; `ready` with a failure: it is there, and cannot be used.
   */
  status: z.enum(['running', 'waiting', 'checking', 'opening', 'paused', 'failed', 'ready']),
  /** Bytes that have come; while checking, that have been checked. */
  done: z.number(),
  total: z.number().nullable(),
  bytesPerSecond: z.number().nullable(),
  secondsLeft: z.number().nullable(),
  failure: failureSchema.nullable(),
  /** The file, or the folder of several, there or to be. */
  file: z.string(),
  /** Of a base that was added to the models. */
  modelId: id.nullable(),
  /** Of a LoRA that was added to the LoRAs. */
  loraId: id.nullable(),
});
export type Download = z.output<typeof downloadSchema>;

const one = z.strictObject({ downloadId });
/** As sites give them to people with an account; kept with the download, for itself alone. */
const token = z
  .string()
  .trim()
  .max(1000)
  .regex(/^[\x21-\x7e]*$/, 'must be an access token')
  .default('');

export const downloadCalls = {
  'downloads.starters': query({ about: ['downloads', 'settings'] }, nothing, z.array(starterSchema)),
  'downloads.list': query({ about: ['downloads', 'models', 'loras'] }, nothing, z.array(downloadSchema)),
  /** A base of the list, by its id. Fails with `licence-not-accepted` where its licence was not yet. */
  'downloads.startBase': command(
    z.strictObject({ starterId: downloadId, acceptLicence: z.boolean().default(false) }),
    one,
  ),
  /** A model file anywhere, by its own address. An empty sum: whatever the server says, if anything. */
  'downloads.startAddress': command(
    z.strictObject({
      address: z.string().trim().min(1).max(4000),
      token,
      sha256: z
        .string()
        .trim()
        .max(64)
        .regex(/^(?:[0-9a-fA-F]{64})?$/, 'must be 64 hexadecimal digits')
        .default(''),
    }),
    one,
  ),
  'downloads.captioners': query({ about: ['captioners'] }, nothing, z.array(publishedCaptionerSchema)),
  /** A captioning model of the list, by its id. It is one of the library when it was opened and tried. */
  'downloads.startCaptioner': command(z.strictObject({ publishedId: downloadId }), one),
  /** One that others published: its page on the hub, or a folder on any server. */
  'downloads.startCaptionerAddress': command(
    z.strictObject({ address: z.string().trim().min(1).max(4000), token }),
    one,
  ),
  /** What was downloaded so far is kept. */
  'downloads.pause': command(one, done),
  /** Goes on with what has come, or tries anew to put to use what is all there. */
  'downloads.resume': command(one, done),
  /** What has come is thrown away, and so is a finished file unless it is a model or a LoRA of the library. */
  'downloads.remove': command(one, done),
};

export const downloadEvents = { 'downloads.progress': downloadSchema };
