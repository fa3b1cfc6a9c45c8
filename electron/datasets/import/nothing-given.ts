import { basename } from 'node:path';

import { Failure } from '../../../native/failure.ts';
import { isImageName } from '../../contract/file-kinds.ts';
import { type Given, withoutImages } from '../../contract/without-images.ts';
import { nothingThere } from '../dataset.ts';
import type { FoundFile } from '../files/folder-scan.ts';
import type { LeftOut } from '../files/left-out.ts';
import type { PlannedSource } from './sources.ts';

/** What was found below a source. */
export interface Looked {
  readonly source: PlannedSource;
  readonly files: readonly FoundFile[];
  /** What could not be looked at. */
  readonly unreachable: readonly LeftOut[];
  /** All that is not used, what could not be looked at included. */
  readonly leftOut: readonly LeftOut[];
}

/** Why there is nothing to import from these sources: what they are, or why the images in them are left out. */
export function nothingGiven(found: readonly Looked[]): Failure {
  const files = found.flatMap((one) => one.files);
  const hasReasons = found.some(({ unreachable }) => unreachable.some(({ expected }) => !expected));
  if (hasReasons || files.some(({ id }) => isImageName(id))) {
    const leftOut = found.flatMap((one) => one.leftOut);
    return nothingThere(found[0]?.source.root ?? 'The folder', files.length, leftOut);
  }
  const given = found.flatMap(({ source, files: below }): readonly Given[] =>
    source.files === null
      ? [{ name: basename(source.root), below: below.map(({ id }) => id) }]
      : source.files.map((name) => ({ name, below: null })),
  );
  const { message, hint } = withoutImages(given);
  return new Failure('dataset-empty', message, hint);
}
