/**
 * What crosses a transport (a message port, a WebSocket, memory), in either direction, as plain data. A message that
 * is none of these is answered by a `failed` with code `message-invalid`, or dropped where it has no id to answer to.
 */
import { z } from 'zod';

import { failureSchema } from '../contract/values.ts';

export const protocolVersion = 1;

/** From the page. */
export const requestSchema = z.strictObject({
  type: z.literal('call'),
  /** The page's own, unique among its open calls. */
  id: z.int().min(0).max(Number.MAX_SAFE_INTEGER),
  /** Which of the contract's calls. */
  method: z.string().max(200),
  /** Left out where it is undefined, as JSON has it. */
  input: z.unknown().optional(),
});
export type RequestMessage = z.output<typeof requestSchema>;

/** From the studio. */
export const responseSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('hello'), protocol: z.int(), version: z.string() }),
  z.strictObject({ type: z.literal('result'), id: z.int(), output: z.unknown() }),
  z.strictObject({ type: z.literal('failed'), id: z.int().nullable(), failure: failureSchema }),
  z.strictObject({ type: z.literal('event'), event: z.string(), payload: z.unknown() }),
]);
export type ResponseMessage = z.output<typeof responseSchema>;

/** Pictures by id, as paths below the page's own origin: fetched and cached as any other picture. */
export const mediaPaths = {
  /** WebP, at most 256 px a side. */
  thumbnail: (imageId: number) => `/media/thumbnails/${imageId}`,
  /** The original, or a WebP of it where browsers cannot show its format; EXIF rotation applied. */
  image: (imageId: number) => `/media/images/${imageId}`,
  /** The mask beside an image. */
  mask: (imageId: number) => `/media/masks/${imageId}`,
  /** PNG. */
  sample: (sampleId: number) => `/media/samples/${sampleId}`,
  /** What was exported as one file. */
  export: (exportId: number) => `/media/exports/${exportId}`,
  /** PNG: what proves an exported model. */
  proof: (exportId: number) => `/media/proofs/${exportId}`,
  /** A picture of a model's card, by its number among `cardPictures`. */
  card: (modelId: number, number: number) => `/media/cards/${modelId}/${number}`,
  /** A class image of a run, by its number among them. */
  classImage: (runId: number, number: number) => `/media/class-images/${runId}/${number}`,
} as const;

/** Where a browser puts dropped files before `datasets.import` takes them: `PUT /uploads/<upload id>/<path>`. */
export const uploadPath = (uploadId: string, file: string) =>
  `/uploads/${encodeURIComponent(uploadId)}/${file.split('/').map(encodeURIComponent).join('/')}`;
