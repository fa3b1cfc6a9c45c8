import { Failure } from '../failure.ts';

/** A model whose files are all there, and that is not made as such models are. */
export function unsupported(path: string, reason: string): Failure {
  return new Failure(
    'captioner-unsupported',
    `${path} cannot be used for captions: ${reason}.`,
    'Download all files of the model from one page, or try another export of it.',
  );
}
