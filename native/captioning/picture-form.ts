import { join } from 'node:path';

import { isJsonObject, readJsonObject } from '../files/json-file.ts';
import type { Prepared } from './captioner.ts';
import { numberIn } from './captioner-files.ts';
import { readOverWhite } from './picture.ts';
import { resample, type ResampleFilter, type Samples } from './resample.ts';
import { unsupported } from './unsupported.ts';

/** What is done to a picture before a model looks at it, as its `preprocessor_config.json` says. */
export interface PictureForm {
  /** Width and height it is resized to, or the length of its shorter side. */
  readonly size: { readonly width: number; readonly height: number } | { readonly shortest: number };
  /** What is cut out of its middle then; null: all of it is taken. */
  readonly crop: { readonly width: number; readonly height: number } | null;
  readonly filter: ResampleFilter;
  readonly scale: number;
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** By the numbers that Pillow has for them. */
const filters: readonly ResampleFilter[] = ['nearest', 'lanczos', 'bilinear', 'bicubic', 'box'];

/** Far more than any model looks at; pictures this large still fit into memory. */
const largestSide = 4096;

/** @throws Failure `captioner-unsupported`, `file-unreadable`, `json-invalid` */
export async function readPictureForm(folder: string): Promise<PictureForm> {
  const path = join(folder, 'preprocessor_config.json');
  const config = (await readJsonObject(path)) ?? {};
  const { do_normalize: normalizes, do_center_crop: crops, do_rescale: rescales } = config;
  const three = (name: string, otherwise: number): readonly number[] => {
    const given = config[name];
    if (normalizes === false) return [otherwise, otherwise, otherwise];
    return Array.isArray(given) && given.length === 3 && given.every((one) => typeof one === 'number')
      ? given
      : [0.5, 0.5, 0.5];
  };
  const deviation = three('image_std', 1);
  if (deviation.includes(0))
    throw unsupported(path, 'its image_std has a 0, by which nothing can be divided');
  const form: PictureForm = {
    size: sizeOf(config.size, path),
    crop: crops === true ? extentOf(config.crop_size, path) : null,
    filter: filters[numberIn(config, 'resample') ?? 3] ?? 'bicubic',
    scale: rescales === false ? 1 : (numberIn(config, 'rescale_factor') ?? 1 / 255),
    mean: three('image_mean', 0),
    deviation,
  };
  if (![form.scale, ...form.mean, ...deviation].every(Number.isFinite)) {
    throw unsupported(path, 'it has numbers that are too large');
  }
  return form;
}

function sizeOf(size: unknown, path: string): PictureForm['size'] {
  const shortest = sideIn(size, 'shortest_edge', path);
  return shortest === null ? (extentOf(size, path) ?? { width: 224, height: 224 }) : { shortest };
}

function extentOf(size: unknown, path: string): { readonly width: number; readonly height: number } | null {
  if (typeof size === 'number') return { width: side(size, path), height: side(size, path) };
  const [width, height] = [sideIn(size, 'width', path), sideIn(size, 'height', path)];
  return width === null || height === null ? null : { width, height };
}

/** A side that may be left out. */
function sideIn(size: unknown, name: string, path: string): number | null {
  const given = isJsonObject(size) ? (size[name] ?? null) : null;
  return given === null ? null : side(given, path);
}

function side(given: unknown, path: string): number {
  if (typeof given === 'number' && Number.isInteger(given) && given >= 1 && given <= largestSide)
    return given;
  throw unsupported(
    path,
    `the sizes in it have to be whole numbers from 1 to ${largestSide}, and one is ${JSON.stringify(given)}`,
  );
}

/** Width and height of what `prepareForWriter` gives; null where that depends on the picture. */
export function extentOfForm({
  size,
  crop,
}: PictureForm): { readonly width: number; readonly height: number } | null {
  return crop ?? ('shortest' in size ? null : size);
}

/**
 * A picture as planes `[3, height, width]` of the numbers a model takes.
 * @throws Failure `image-unreadable`
 */
export async function prepareForWriter(path: string, form: PictureForm): Promise<Prepared> {
  const picture = await readOverWhite(path);
  const { width, height } = resizedTo(picture, form.size);
  const resized = resample(picture, width, height, form.filter);
  return planes(form.crop === null ? resized : cropped(resized, form.crop), form);
}

function resizedTo({ width, height }: Samples, size: PictureForm['size']) {
  if (!('shortest' in size)) return size;
  const long = Math.trunc((size.shortest * Math.max(width, height)) / Math.min(width, height));
  return width <= height ? { width: size.shortest, height: long } : { width: long, height: size.shortest };
}

/** Black where the picture is smaller than what is cut out of it. */
function cropped(
  picture: Samples,
  { width, height }: { readonly width: number; readonly height: number },
): Samples {
  const { channels } = picture;
  const [left, top] = [(picture.width - width) >> 1, (picture.height - height) >> 1];
  const data = new Uint8Array(width * height * channels);
  for (let y = Math.max(0, -top); y < Math.min(height, picture.height - top); y++) {
    const [from, to] = [Math.max(0, left), Math.min(picture.width, left + width)];
    const row = (y + top) * picture.width;
    data.set(
      picture.data.subarray((row + from) * channels, (row + to) * channels),
      (y * width + from - left) * channels,
    );
  }
  return { width, height, channels, data };
}

function planes({ width, height, data }: Samples, { scale, mean, deviation }: PictureForm): Prepared {
  const area = width * height;
  const out = new Float32Array(3 * area);
  for (let channel = 0; channel < 3; channel++) {
    for (let pixel = 0; pixel < area; pixel++) {
      out[channel * area + pixel] =
        (data[3 * pixel + channel]! * scale - mean[channel]!) / deviation[channel]!;
    }
  }
  return out;
}
