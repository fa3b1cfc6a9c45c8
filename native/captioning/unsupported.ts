import { Failure } from '../failure.ts';

/** A model whose files are all there, and that is not made as such models are. */
export function unsupported(path: string, reason: string): Failure {
  return new Failure(
    'captioner-unsupported',
    `${path} cannot be used for captions: ${reason}.`,
    'Take the files of one model from one page; another export of the same model may do.',
  );
}
