/** Starts the fake engine on a job that waits to be stopped, says so, and waits to be killed itself. */
import { startEngine } from '../../electron/engine/engine-process.ts';
import { fakeJob } from './fake-job.ts';

const [entry = '', output = ''] = process.argv.slice(2);
await startEngine({ entry }).run(fakeJob('wait for stop', output), {
  onEvent: () => {
    console.log('ready');
  },
});
