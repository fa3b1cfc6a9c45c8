import type { Engine } from './engine.ts';
import { createRightOfWay } from './right-of-way.ts';

/** Where shorter work is done while work of hours is under way: at the same time, or in a pause of it. */
export type Place = 'beside' | 'in-pauses';

/**
 * The device that everything heavy computes on, and who may use it when. Two engines at once may not fit into its
 * memory, so whoever wants one for more than a moment gets it here; looking into a model does not.
 */
export interface Device {
  /**
   * For work of hours, such as training, one piece at a time: waits until nobody else has or wants the device. `giveWay`
   * is aborted when somebody asks for a pause: the work ends as soon as it can, and its owner asks for the device again.
   */
  readonly occupy: <T>(work: (engine: Engine, giveWay: AbortSignal) => Promise<T>) => Promise<T>;
  /**
   * For shorter work, such as pictures: at once where its place is beside, else when the work of hours has given way.
   * All who ask for a pause are served before that goes on.
   */
  readonly borrow: <T>(place: Place, work: (engine: Engine) => Promise<T>) => Promise<T>;
}

export function createDevice(engine: Engine): Device {
  const way = createRightOfWay();
  return {
    occupy: (work) => way.train((giveWay) => work(engine, giveWay)),
    borrow: (place, work) => (place === 'beside' ? work(engine) : way.goFirst(() => work(engine))),
  };
}
