import { z } from 'zod';

import {
  command,
  costRateSchema,
  done,
  gpuPlace,
  id,
  nothing,
  pathText,
  providerName,
  query,
  subjectSchema,
} from './values.ts';

const settings = z.strictObject({
  theme: z.enum(['light', 'dark', 'system']),
  /** How pictures look that are shown larger than they are. */
  enlarged: z.enum(['smooth', 'crisp']),
  /** Null: the best there is. */
  provider: providerName.nullable(),
  /** Of several for CUDA; null: the one with most free memory. */
  gpu: gpuPlace.nullable(),
  costRate: costRateSchema,
  /** ISO 4217. */
  currency: z
    .string()
    .max(3)
    .regex(/^[A-Z]{3}$/, 'must be three capitals, as in EUR'),
  /** When a run's pictures are made: beside training, in pauses of it, or once it has ended. */
  samplesWhileTraining: z.enum(['beside', 'pausing', 'afterwards']),
  /** Where to look for Hugging Face's files instead; empty: there, or where `HF_ENDPOINT` says. */
  mirror: z
    .string()
    .trim()
    .max(500)
    .regex(/^(?:https?:\/\/\S+)?$/, 'must begin with https://'),
  /** For downloads; empty: what the environment names (`HTTPS_PROXY`). */
  proxy: z
    .string()
    .trim()
    .max(500)
    .regex(/^(?:https?:\/\/\S+)?$/, 'must begin with http:// or https://'),
  /** Names of those a person accepted. */
  acceptedLicences: z.array(z.string().max(200)).max(200),
});

export const settingsSchema = z.strictObject({
  theme: settings.shape.theme.default('system'),
  enlarged: settings.shape.enlarged.default('smooth'),
  provider: settings.shape.provider.default(null),
  gpu: settings.shape.gpu.default(null),
  costRate: settings.shape.costRate.default({ kind: 'none' }),
  currency: settings.shape.currency.default('EUR'),
  samplesWhileTraining: settings.shape.samplesWhileTraining.default('beside'),
  mirror: settings.shape.mirror.default(''),
  proxy: settings.shape.proxy.default(''),
  acceptedLicences: settings.shape.acceptedLicences.default([]),
});
export type Settings = z.output<typeof settingsSchema>;

export const systemInfoSchema = z.object({
  version: z.string(),
  /** The window's own program, or a browser at a local address. */
  host: z.enum(['desktop', 'web', 'memory']),
  platform: z.string(),
  libraryFolder: z.string(),
  processor: z.string(),
  cores: z.int(),
  memoryBytes: z.number(),
  node: z.string(),
  electron: z.string().nullable(),
  /** Detected in the background; null until then. */
  runtime: z.string().nullable(),
  providers: z
    .array(z.object({ provider: providerName, available: z.boolean(), reason: z.string() }))
    .nullable(),
  update: z.object({ version: z.string(), ready: z.boolean() }).nullable(),
});
export type SystemInfo = z.output<typeof systemInfoSchema>;

export const folderListingSchema = z.object({
  folder: z.string(),
  /** Null at the top. */
  parent: z.string().nullable(),
  entries: z.array(
    z.object({
      name: z.string(),
      path: z.string(),
      /** `model` is a folder, `model-file` may hold one. */
      kind: z.enum(['folder', 'image', 'model', 'model-file', 'file']),
    }),
  ),
  /** Home, drives and the like. */
  shortcuts: z.array(z.object({ name: z.string(), path: z.string() })),
  images: z.int(),
});
export type FolderListing = z.output<typeof folderListingSchema>;

export const systemCalls = {
  'system.info': query({ about: ['system'] }, nothing, systemInfoSchema),
  'system.settings': query({ about: ['settings'] }, nothing, settingsSchema),
  /** Only what `change` names becomes another. */
  'system.changeSettings': command(z.strictObject({ change: settings.partial() }), settingsSchema),
  /** Newest last. */
  'system.log': query(
    { about: [], because: 'Lines are written all the time; who reads them reads them anew.' },
    z.strictObject({ lines: z.int().min(1).max(5000).default(500) }),
    z.array(z.object({ time: z.int(), level: z.string(), message: z.string() })),
  ),
  /** The library moves nowhere: from the next start on, another folder is used. */
  'system.setLibraryFolder': command(z.strictObject({ folder: pathText }), done),
  /** The platform's own dialog; null where the person cancelled. Fails with `no-dialogs` outside the desktop. */
  'system.pick': command(
    z.strictObject({
      what: z.enum(['folder', 'files', 'model-file', 'gpu-pack', 'save']),
      title: z.string().max(500),
      suggestion: z.string().max(32_767).default(''),
    }),
    z.object({ paths: z.array(z.string()).nullable() }),
  ),
  /** For choosing a folder where there are no dialogs. Null: the home folder. */
  'system.browse': query(
    { about: [], because: 'Nobody watches the folders of a machine.' },
    z.strictObject({ folder: z.string().max(32_767).nullable() }),
    folderListingSchema,
  ),
  /** Shows something of the library in the file manager; gives its path where there is none to show it. */
  'system.reveal': command(
    z.strictObject({
      target: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('export'), exportId: id }),
        z.strictObject({ kind: z.literal('run'), runId: id }),
        z.strictObject({ kind: z.literal('model'), modelId: id }),
        z.strictObject({ kind: z.literal('image'), imageId: id }),
        z.strictObject({ kind: z.literal('library') }),
        z.strictObject({ kind: z.literal('log') }),
      ]),
    }),
    z.object({ path: z.string(), shown: z.boolean() }),
  ),
  /** Installs a downloaded update and starts again. */
  'system.restartForUpdate': command(nothing, done),
};

export const systemEvents = {
  /** What a query gave may no longer be so: pages ask again for what they show of these subjects. */
  changed: z.object({
    subjects: z.array(subjectSchema),
    /** Where it concerns one data set or run alone. */
    datasetId: id.optional(),
    runId: id.optional(),
  }),
};
