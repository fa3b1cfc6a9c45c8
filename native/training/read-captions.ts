import { type CaptionReading, readingWay } from '../facts/caption-reading.ts';
import type { OpenModel } from '../families/family.ts';

/**
 * The model as a run reads its captions.
 *
 * @throws Failure `clip-skip-invalid`
 */
export function withCaptionsRead(model: OpenModel, settings: CaptionReading): OpenModel {
  const way = readingWay(settings);
  const { clipSkip, chunks } = model.conditioning.way;
  if (way.clipSkip === clipSkip && way.chunks === chunks) return model;
  return { ...model, conditioning: model.conditioning.as(way) };
}
