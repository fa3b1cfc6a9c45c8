import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeSheet } from '../../electron/sheets/sheet.ts';
import { evenly } from '../../native/facts/evenly.ts';
import { metricsName } from '../../native/facts/run-folder.ts';
import { readPixels } from '../../native/images/decode.ts';
import { frechetDistance, retrievalRank, shareWithin, styleFeatures } from './base-report-measures.ts';
import type { TransferCase } from './transfer-cases.ts';
import { projectedDistance, type Projection, sharpnessBeside } from './transfer-measures.ts';

/** What finetunings make of the base, on held-out captions alone. */
export interface Transfer {
  readonly name: string;
  /** Fréchet distance of real pictures that are trained on to the real held-out ones. */
  readonly floor: number;
  /** Of the real held-out pictures encoded and decoded: about as near to themselves, and as sharp, as any training of the UNet comes. */
  readonly reconstructed: { readonly distance: number; readonly sharpness: number };
  /** Of the last epoch's pictures: how often their own held-out picture is among the five nearest of all held out. */
  readonly top5: number;
  readonly chance: number;
  readonly epochs: readonly TransferEpoch[];
  /** Held-out loss by epoch, also of those not kept. */
  readonly losses: readonly (readonly [epoch: number, loss: number])[];
}

export interface TransferEpoch {
  /** 0 is the base. */
  readonly epoch: number;
  /** Fréchet distances to the real held-out pictures: in features of form and edges, and in those of `styleFeatures`. */
  readonly distance: number;
  readonly style: number;
  /** 1: as sharp as the real ones. */
  readonly sharpness: number;
  /** Null of the base, which no run measures. */
  readonly heldOutLoss: number | null;
}

export interface TransferDeps {
  /** Draws each held-out caption once, `nth` with a seed of its own, from the base or from a checkpoint. */
  readonly draw: (captions: readonly string[], name: string, epoch: number) => Promise<readonly string[]>;
  /** Of a picture file, by the network that sees form and edges. */
  readonly features: (path: string) => Promise<Float32Array>;
  /** Encodes and decodes each picture file by the base's VAE, into files of other names. */
  readonly reconstruct: (paths: readonly string[], name: string) => Promise<readonly string[]>;
  readonly sheetFolder: string;
  readonly size: number;
}

/**
 * Judges the finetuning of a case that lies in a run's folder.
 * @param epochs that were kept, without the base
 * @param projection of the network's features: the same for every model that is compared
 */
export async function judgeTransfer(
  made: TransferCase,
  run: string,
  epochs: readonly number[],
  projection: Projection,
  { draw, features, reconstruct, sheetFolder, size }: TransferDeps,
): Promise<Transfer> {
  const { heldOut, training, name } = made;
  const pixels = (paths: readonly string[]): Promise<Float32Array[]> =>
    Promise.all(paths.map((path) => readPixels(path, { width: size, height: size })));
  const featuresOf = async (paths: readonly string[]): Promise<Float32Array[]> => {
    const found: Float32Array[] = [];
    for (const path of paths) found.push(await features(path));
    return found;
  };
  const realPaths = heldOut.map(({ path }) => path);
  const [real, realPixels] = [await featuresOf(realPaths), await pixels(realPaths)];
  const realStyle = realPixels.map((picture) => styleFeatures(picture, size));
  const seen = await featuresOf(evenly(training, heldOut.length).map(({ path }) => path));

  const again = await reconstruct(realPaths, name);
  const reconstructed = {
    distance: projectedDistance(projection, await featuresOf(again), real),
    sharpness: sharpnessBeside(await pixels(again), realPixels, size),
  };

  const losses = await heldOutLosses(run);
  const captions = heldOut.map(made.caption);
  const judged: TransferEpoch[] = [];
  const columns: (readonly string[])[] = [];
  let last: readonly Float32Array[] = [];
  for (const epoch of [0, ...epochs]) {
    const files = await draw(captions, name, epoch);
    columns.push(files);
    last = await featuresOf(files);
    const drawn = await pixels(files);
    judged.push({
      epoch,
      distance: projectedDistance(projection, last, real),
      style: frechetDistance(
        drawn.map((picture) => styleFeatures(picture, size)),
        realStyle,
      ),
      sharpness: sharpnessBeside(drawn, realPixels, size),
      heldOutLoss: losses.find(([at]) => at === epoch)?.[1] ?? null,
    });
  }
  await drawSheets(sheetFolder, made, judged, columns);
  const mean = meanOf(real);
  const ranks = last.map((query, i) => retrievalRank(query, real, i, mean));
  return {
    name,
    floor: projectedDistance(projection, seen, real),
    reconstructed,
    top5: shareWithin(ranks, 5),
    chance: Math.min(1, 5 / real.length),
    epochs: judged,
    losses,
  };
}

/** What is told of a case on the screen. */
export function transferLines({
  name,
  floor,
  reconstructed,
  top5,
  chance,
  epochs,
}: Transfer): readonly string[] {
  return [
    `Transfer, ${name}: real against real ${floor.toFixed(3)}, reconstructed ${reconstructed.distance.toFixed(3)} (sharpness ` +
      `${reconstructed.sharpness.toFixed(2)}); at the end ${(100 * top5).toFixed(1)} % find their own picture ` +
      `within five (chance ${(100 * chance).toFixed(1)} %)`,
    ...epochs.map(
      ({ epoch, distance, style, sharpness, heldOutLoss }) =>
        `  epoch ${epoch}: distance ${distance.toFixed(3)}, style ${style.toFixed(3)}, sharpness ${sharpness.toFixed(2)}, ` +
        `held-out loss ${heldOutLoss?.toFixed(4) ?? '-'}`,
    ),
  ];
}

async function drawSheets(
  folder: string,
  { name, heldOut, caption }: TransferCase,
  epochs: readonly TransferEpoch[],
  columns: readonly (readonly string[])[],
): Promise<void> {
  const shown = evenly([...heldOut.keys()], 24);
  for (const [sheet, rows] of [
    shown.filter((_, i) => i % 2 === 0),
    shown.filter((_, i) => i % 2 === 1),
  ].entries())
    await writeSheet(join(folder, `transfer-${name}-${sheet + 1}.png`), {
      title: 'Captions of pictures not seen, epoch by epoch',
      columns: [{ text: 'Real' }, ...epochs.map(({ epoch }) => ({ text: `epoch ${epoch}` }))],
      rows: rows.map((row) => ({ text: caption(heldOut[row]!) })),
      pictures: rows.map((row) => [heldOut[row]!.path, ...columns.map((files) => files[row]!)]),
      footer: [
        `Distance by epoch ${epochs.map(({ epoch, distance }) => `${epoch}: ${distance.toFixed(3)}`).join(', ')}`,
        `Sharpness beside the real ones ${epochs.map(({ epoch, sharpness }) => `${epoch}: ${sharpness.toFixed(2)}`).join(', ')}`,
      ],
    });
}

async function heldOutLosses(run: string): Promise<(readonly [number, number])[]> {
  const lines = (await readFile(join(run, metricsName), 'utf8')).split('\n').filter((line) => line !== '');
  return lines.flatMap((line) => {
    const metric = JSON.parse(line) as { type: string; epoch: number; validationLoss?: number | null };
    return metric.type === 'epoch' && typeof metric.validationLoss === 'number'
      ? [[metric.epoch, metric.validationLoss] as const]
      : [];
  });
}

function meanOf(rows: readonly Float32Array[]): Float64Array {
  const mean = new Float64Array(rows[0]!.length);
  for (const row of rows) row.forEach((value, i) => (mean[i]! += value / rows.length));
  return mean;
}
