import { notifications } from '@mantine/notifications';

import type { FailureData } from '../../electron/contract/values.ts';

/** Anything thrown, as what happened and what to do. */
export function failureOf(error: unknown): FailureData {
  if (error instanceof Error) {
    const { code, hint } = error as Partial<FailureData>;
    return { code: code ?? 'unexpected', message: error.message, hint: hint ?? '' };
  }
  return { code: 'unexpected', message: String(error), hint: '' };
}

/** Shows a failed command where it has no place of its own on the screen. */
export function showFailure(error: unknown): void {
  const { message, hint } = failureOf(error);
  notifications.show({ color: 'red', title: message, message: hint, autoClose: 12_000 });
}
