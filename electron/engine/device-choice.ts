import type { DeviceChoice, Provider } from '../../native/runtime/runtime.ts';

/** What to compute on, as settings and requests of runs say it: null is the best there is. */
export interface WantedDevice {
  readonly provider: Provider | null;
  readonly gpu: string | null;
  readonly tf32?: boolean;
}

export function deviceChoice({ provider, gpu, tf32 = false }: WantedDevice): DeviceChoice {
  return {
    ...(provider !== null && { provider }),
    ...(gpu !== null && { gpu }),
    ...(tf32 && { tf32 }),
  };
}
