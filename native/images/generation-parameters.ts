import { samplerFacts, type SamplerName } from '../facts/samplers.ts';
import type { Picture } from '../jobs.ts';

/**
 * The text Stable Diffusion tools keep under the PNG keyword `parameters`, as AUTOMATIC1111's web UI writes it: the
 * prompt, a line `Negative prompt: …`, and a last line `Steps: 20, Sampler: Euler a, …`.
 */

export interface GenerationParameters {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly steps: number | null;
  /** Null for a sampler that has no counterpart here; its name is then in `fields`. */
  readonly sampler: SamplerName | null;
  readonly guidanceScale: number | null;
  readonly seed: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly model: string | null;
  /** As A1111 counts; left out where nothing is said, which is 1. */
  readonly clipSkip?: number;
  /** The last line as it stands, by its own names: `Steps`, `CFG scale`, `Model hash`, … */
  readonly fields: Readonly<Record<string, string>>;
}

/**
 * A picture's generation parameters as other tools read them.
 * @param model the name a person knows the model by
 * @param extra further fields of the last line, such as `Epoch`
 */
export function formatParameters(
  picture: Omit<Picture, 'model' | 'output'>,
  model: string,
  extra: Readonly<Record<string, string>> = {},
): string {
  const { webui }: { readonly webui: readonly [string, string?] } = samplerFacts[picture.sampler];
  const [sampler, schedule] = webui;
  const fields: Record<string, string> = {
    Steps: String(picture.steps),
    Sampler: sampler,
    ...(schedule === undefined ? {} : { 'Schedule type': schedule }),
    'CFG scale': String(picture.guidanceScale),
    Seed: String(picture.seed),
    Size: `${picture.width}x${picture.height}`,
    Model: model,
    ...((picture.clipSkip ?? 1) > 1 && { 'Clip skip': String(picture.clipSkip) }),
    ...extra,
  };
  const last = Object.entries(fields).map(([name, value]) => `${name}: ${quoted(value)}`);
  return [
    picture.prompt,
    ...(picture.negativePrompt === '' ? [] : [`Negative prompt: ${picture.negativePrompt}`]),
    last.join(', '),
  ].join('\n');
}

/**
 * Reads such a text, from whatever tool wrote it. What is missing is null; a text without the last line is all prompt.
 */
export function parseParameters(text: string): GenerationParameters {
  const lines = text.replaceAll('\r\n', '\n').trim().split('\n');
  const fields = parseFields(lines.at(-1) ?? '');
  const words = fields === null ? lines : lines.slice(0, -1);
  const negativeAt = words.findIndex((line) => line.startsWith('Negative prompt:'));
  const promptLines = negativeAt === -1 ? words : words.slice(0, negativeAt);
  const negative =
    negativeAt === -1 ? '' : words.slice(negativeAt).join('\n').slice('Negative prompt:'.length);
  const found = fields ?? {};
  const size = /^(\d+)x(\d+)$/.exec(found.Size ?? '');
  const clipSkip = numberOf(found['Clip skip']);
  return {
    prompt: promptLines.join('\n').trim(),
    negativePrompt: negative.trim(),
    steps: numberOf(found.Steps),
    sampler: samplerOf(found.Sampler, found['Schedule type']),
    guidanceScale: numberOf(found['CFG scale']),
    seed: numberOf(found.Seed),
    width: numberOf(size?.[1]),
    height: numberOf(size?.[2]),
    model: found.Model ?? null,
    ...(clipSkip !== null && { clipSkip }),
    fields: found,
  };
}

function quoted(value: string): string {
  return /[,:\n"]/.test(value) ? JSON.stringify(value) : value;
}

/** Null where the line is not a list of fields but the end of a prompt. */
function parseFields(line: string): Readonly<Record<string, string>> | null {
  const pattern = /\s*([\w][\w \-/]*):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)/gy;
  const entries: [string, string][] = [];
  let end = 0;
  for (const match of line.matchAll(pattern)) {
    entries.push([match[1]!, unquoted(match[2]!)]);
    end = match.index + match[0].length;
  }
  const isList = entries.length >= 3 && end === line.length && entries.some(([name]) => name === 'Steps');
  return isList ? Object.fromEntries(entries) : null;
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value.trim();
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}

function numberOf(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}

function samplerOf(sampler: string | undefined, schedule: string | undefined): SamplerName | null {
  if (sampler === undefined) return null;
  // Before version 1.9 the schedule was part of the sampler's name; 'Automatic' leaves it to the sampler.
  const named = schedule === undefined || schedule === 'Automatic' ? sampler : `${sampler} ${schedule}`;
  const found = Object.entries(samplerFacts).find(([, { webui }]) => webui.join(' ') === named);
  return (found?.[0] as SamplerName | undefined) ?? null;
}
