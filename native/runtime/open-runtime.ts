import { loadOrt } from './c-api/library.ts';
import { createCApiRuntime } from './c-api/runtime.ts';
import { countByPlace } from './cuda-gpus.ts';
import { cudaCore } from './pack-libraries.ts';
import type { DeviceTuning, Provider, Runtime, RuntimeApi } from './runtime.ts';

/**
 * The runtime of one provider by one way into ONNX Runtime; `device` names what it runs on. Throws a `Failure` where
 * that can't be had. `threads` 0 leaves their number to ONNX Runtime;
 * `tuning` is the C API's alone; `gpu` is the number of one of CUDA's.
 */
export async function openRuntime(
  provider: Provider,
  api: RuntimeApi,
  threads: number,
  device: string,
  tuning: DeviceTuning = {},
  gpu = 0,
): Promise<Runtime> {
  if (provider === 'cuda') countByPlace();
  if (api === 'node') {
    // Loaded only where it serves, since loading it fails where its native half does not fit the system.
    const { createNodeRuntime, nodeRuntimeVersion } = await import('./node/runtime.ts');
    const description = `ONNX Runtime ${nodeRuntimeVersion()}, ${device}, onnxruntime-node`;
    return createNodeRuntime({ provider, threads, description, gpu });
  }
  const core = provider === 'cuda' ? cudaCore() : null;
  const library = core === null ? {} : { library: core };
  const description = `ONNX Runtime ${loadOrt(core ?? undefined).version}, ${device}, C API`;
  return createCApiRuntime({ provider, threads, description, tuning, gpu, ...library });
}
