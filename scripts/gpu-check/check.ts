import type { DeviceTuning, Provider, Runtime } from '../../native/runtime/runtime.ts';

/** What a check found; the rest of it is figures of its own. */
export interface Finding extends Readonly<Record<string, unknown>> {
  /** `null` where it was not made, for the reason that `skipped` gives. */
  readonly ok: boolean | null;
  readonly skipped?: string;
  /** Why it is not ok, where it broke off. */
  readonly error?: string;
}

export interface CheckContext {
  readonly provider: Provider;
  /** Everything at a size that a processor is done with in seconds. */
  readonly short: boolean;
  /** Empty, and gone afterwards. */
  readonly folder: string;
  /** Cases up to this one are done, the last of them having ended an earlier process. */
  readonly after: string | null;
  /** The device, as it is; not tried out before, so that what fails is told by the check itself. */
  readonly open: (tuning?: DeviceTuning) => Promise<Runtime>;
  readonly openCpu: () => Promise<Runtime>;
  /** Tells what is known so far, which stays known if the check ends this process or runs out of time. */
  readonly report: (details: Readonly<Record<string, unknown>>) => void;
}

export type Check = (context: CheckContext) => Promise<Finding>;

/** Comparisons with the processor are of float32 numbers that are not shortened. */
export const exact: DeviceTuning = { tf32: false };
