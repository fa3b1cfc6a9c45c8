import { z } from 'zod';

import { licenceSchema } from './downloads.ts';
import { command, done, failureSchema, nothing, pathText, query } from './values.ts';

export { gpuNames } from '../../native/facts/gpu-names.ts';

export const gpuStatusSchema = z.object({
  /** By their driver's word; null while they are looked for. */
  gpus: z
    .array(
      z.object({
        name: z.string(),
        driver: z.string(),
        memoryMib: z.number(),
        freeMib: z.number(),
        busId: z.string(),
      }),
    )
    .nullable(),
  /** The pack for this version that lies on this machine. */
  pack: z
    .object({
      folder: z.string(),
      onnxRuntime: z.string(),
      cuda: z.int(),
      bytes: z.number(),
      /** Why it cannot be used. */
      fault: z.string().nullable(),
      parts: z.array(z.object({ name: z.string(), version: z.string(), licence: z.string() })),
    })
    .nullable(),
  /** The pack that belongs to this version; null where nothing is known of one, and it can come from a file alone. */
  offer: z
    .object({
      downloadId: z.string(),
      /** Whether it can be downloaded. */
      hasAddress: z.boolean(),
      downloadBytes: z.number(),
      bytes: z.number(),
      cuda: z.int(),
    })
    .nullable(),
  /** Of any pack. */
  licence: licenceSchema,
  accepted: z.boolean(),
  /** Why the pack would be of no use here, or has no room. */
  refusal: failureSchema.nullable(),
});
export type GpuStatus = z.output<typeof gpuStatusSchema>;

/** How each GPU is at this moment, by its driver's word; null: it does not say. */
export const gpuLoadSchema = z.array(
  z.object({
    name: z.string(),
    busId: z.string(),
    memoryMib: z.number(),
    freeMib: z.number(),
    /** Percent of the last moment in which something ran. */
    utilization: z.number().nullable(),
    /** Degrees Celsius. */
    temperature: z.number().nullable(),
  }),
);
export type GpuLoad = z.output<typeof gpuLoadSchema>[number];

export const gpuCalls = {
  'gpu.status': query({ about: ['system', 'downloads', 'settings'] }, nothing, gpuStatusSchema),
  /** Asked again and again while a run trains. */
  'gpu.load': query({ about: [], because: 'it changes by itself' }, nothing, gpuLoadSchema),
  /** Looks again which GPUs there are and tries their drivers anew, as after one was installed. */
  'gpu.look': command(nothing, done),
  /** Downloads the pack and unpacks it. */
  'gpu.install': command(z.strictObject({ acceptLicence: z.boolean().default(false) }), done),
  /** The same from an archive on this machine, or a folder that holds it; answers when it is unpacked. */
  'gpu.installFile': command(
    z.strictObject({ path: pathText, acceptLicence: z.boolean().default(false) }),
    done,
  ),
  /** Reads the whole pack and holds it to its sums; null where it is right, else what is wrong. */
  'gpu.verify': command(nothing, z.string().nullable()),
  /** Runs compute on something else then. */
  'gpu.remove': command(nothing, done),
};
