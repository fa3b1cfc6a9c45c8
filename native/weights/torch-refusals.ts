/** How files of PyTorch's are refused: one sentence on what is wrong, one on what to do. */
import { Failure } from '../failure.ts';

/** Text out of a file, fit for a message: a name as it is, anything else quoted and with its odd characters spelled out. */
export function quoted(text: string): string {
  const short = text.length > 120 ? `${text.slice(0, 120)}…` : text;
  if (/^[\w.:-]+$/.test(text) && short === text) return text;
  return JSON.stringify(short).replaceAll(
    /[^\x20-\x7e…]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export interface TorchRefusals {
  /** Failure `torch-file-unsafe`: `what` the pickle would have run or made. */
  readonly unsafe: (what: string) => Failure;
  /** Failure `torch-file-invalid`: `what` follows the path. */
  readonly invalid: (what: string, cause?: unknown) => Failure;
  /** Failure `torch-file-truncated` */
  readonly truncated: (cause?: unknown) => Failure;
  /** Failure `torch-file-unsupported`: `what` follows the path. */
  readonly unsupported: (what: string) => Failure;
}

export function torchRefusals(path: string): TorchRefusals {
  return {
    unsafe: (what) =>
      new Failure(
        'torch-file-unsafe',
        `${path} names ${what}, which no weights need and which may do harm; nothing of it was run`,
        'Get a safetensors version of the model, and do not open this file in other programs unless you trust where it comes from.',
      ),
    invalid: (what, cause) =>
      new Failure(
        'torch-file-invalid',
        `${path} is not a valid PyTorch file: it ${what}`,
        'Get the file again from where it came from; it is damaged or of another format.',
        cause,
      ),
    truncated: (cause) =>
      new Failure('torch-file-truncated', `${path} is cut short`, 'Copy or download the file again.', cause),
    unsupported: (what) =>
      new Failure(
        'torch-file-unsupported',
        `${path} ${what}`,
        'Get a safetensors version of the model, or save its state dict again with torch.save on an ordinary computer.',
      ),
  };
}
