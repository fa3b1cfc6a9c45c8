import { parentOverIpc } from './parent-ipc.ts';
import { parentOverUtilityPort, type UtilityPort } from './parent-utility-port.ts';
import { failureMessage, type RunJob, serve } from './serve.ts';

/**
 * Makes this process an engine: one job in from the parent that started it, its progress and its result or failure
 * out, then the end. Standard output and error carry logs alone.
 */
export async function beEngineProcess(runJob: RunJob): Promise<never> {
  // Electron's own processes have a port in place of node's channel.
  const { parentPort } = process as { readonly parentPort?: UtilityPort };
  const parent = parentPort === undefined ? parentOverIpc(process) : parentOverUtilityPort(parentPort);

  // A terminal sends Ctrl-C to the parent and to this process alike; the parent decides what it means.
  process.on('SIGINT', () => undefined);
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, parent.stop);
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      void parent.port.send(failureMessage(error)).then(() => process.exit(1));
    });
  }

  await serve(parent.port, runJob);
  // Native threads of ONNX Runtime would otherwise keep a finished process alive.
  process.exit(0);
}
