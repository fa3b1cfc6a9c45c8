import { basename } from 'node:path';

import { isModelNote, type ModelFormat } from '../../native/facts/model-formats.ts';
import { writeFileAtomic } from '../../native/files/atomic-file.ts';
import { readModelNote } from '../../native/files/model-note.ts';
import type { ExportProof, LoraUse } from '../../native/jobs.ts';
import type { DeviceChoice } from '../../native/runtime/runtime.ts';
import type { Engine, RunOptions } from '../engine/engine.ts';
import { cardOf, pictureOf } from '../library/export-places.ts';
import {
  cardHead,
  graphsSection,
  inline,
  licenceText,
  lorasSection,
  proofSection,
  provenance,
} from './card-parts.ts';
import { licenceBeside, mergedLoras, shownProof, weightHashes } from './export-provenance.ts';
import { placeWhole } from './place-export.ts';

export interface ModelToExport {
  /** The folder or file of a model. */
  readonly base: string;
  /** Merged into it, in this order. */
  readonly loras: readonly LoraUse[];
  /** What the export is called in its card and header. */
  readonly title: string;
  readonly format: ModelFormat;
  readonly output: string;
  readonly precision: 'float32' | 'float16';
  readonly device: DeviceChoice;
  readonly software: string;
  readonly date: Date;
}

/** What is drawn of a model that no run says anything of. */
const usual = { prompt: 'a lighthouse by the sea', negativePrompt: '', seed: 0, guidanceScale: 7.5 };

/**
 * Writes a model, LoRAs merged into it, as other tools read it, with a card and the picture that proves it: all of it or nothing.
 * Throws `output-exists`, `export-differs` and what the engine's job throws. Resolves to its size and how it was proven.
 */
export async function exportModel(
  { base, loras, title, format, output, precision, device, software, date }: ModelToExport,
  engine: Engine,
  options: RunOptions = {},
): Promise<{ readonly bytes: number; readonly card: string; readonly proof: ExportProof | null }> {
  const merged = await mergedLoras(loras, engine);
  const { bytes, proof = null } = await placeWhole(output, async (inside) => {
    const request = { ...usual, device, output: pictureOf(format, inside) };
    const written = await engine.run(
      {
        kind: 'export',
        model: { base, ...(loras.length > 0 && { loras }) },
        ...{ format, output: inside, precision, proof: request },
        metadata: format === 'single-file' ? { 'modelspec.title': title } : {},
      },
      options,
    );
    const own = (isModelNote(base) ? (await readModelNote(base))?.model : null) ?? base;
    const baseLicence = await licenceBeside(own);
    const sections = [
      cardHead(basename(own), { baseLicence, loras: merged, isLora: false }),
      `# ${inline(title)}`,
      `\`${inline(basename(own))}\`${merged.length > 0 ? ', with LoRAs merged into it' : ''}, in ${precision}.`,
      ...graphsSection(written.pixelStep),
      ...lorasSection(merged),
      ...proofSection(shownProof(request, written.proof)),
      '## Licence',
      licenceText(baseLicence, merged),
      ...provenance(software, date.toISOString().slice(0, 10), await weightHashes(inside)),
    ];
    await writeFileAtomic(cardOf(format, inside), `${sections.join('\n\n')}\n`);
    return written;
  });
  return { bytes, proof, card: cardOf(format, output) };
}
