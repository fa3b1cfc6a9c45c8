import type { GpuPackManifest } from '../../native/runtime/gpu-pack.ts';

/** What a pack is made of, by platform. */
export interface PackPlatform {
  readonly platform: GpuPackManifest['platform'];
  readonly arch: GpuPackManifest['arch'];
  /** As pip names the platforms whose wheels serve. */
  readonly pip: readonly string[];
  /** ONNX Runtime itself in its wheel, and what it is called in the pack. */
  readonly core: { readonly pattern: RegExp; readonly name: string };
  /** Of ONNX Runtime's wheel, what lies beside the core; it opens those itself. */
  readonly provider: readonly string[];
  /** NVIDIA's libraries, each as wheels have it, in the order in which they need each other. */
  readonly libraries: readonly Library[];
}

export interface Library {
  /** The package of PyPI, with the versions that serve. */
  readonly wheel: string;
  readonly file: RegExp;
  /** Found by those that need it, beside which it lies, and opened only then. */
  readonly opensItself?: true;
}

const [runtime, cublas, nvrtc, curand, cudnn] = [
  'nvidia-cuda-runtime~=13.0',
  'nvidia-cublas~=13.0',
  'nvidia-cuda-nvrtc~=13.0',
  'nvidia-curand~=10.0',
  'nvidia-cudnn-cu13~=9.0',
] as const;

/** In the order in which cuDNN's parts need each other; the first comes last, since it opens the others by name. */
const cudnnParts = ['graph', 'ops', 'cnn', 'adv', 'ext', 'heuristic', 'engines_precompiled'] as const;

/** cuFFT is left out: ONNX Runtime opens it for Fourier transforms alone, of which no graph of ours has any. */
export const packPlatforms: Readonly<Record<'linux-x64' | 'win32-x64', PackPlatform>> = {
  'linux-x64': {
    platform: 'linux',
    arch: 'x64',
    pip: ['manylinux_2_28_x86_64', 'manylinux_2_27_x86_64', 'manylinux2014_x86_64', 'manylinux1_x86_64'],
    core: { pattern: /^libonnxruntime\.so\.[\d.]+$/, name: 'libonnxruntime.so.1' },
    provider: ['libonnxruntime_providers_shared.so', 'libonnxruntime_providers_cuda.so'],
    libraries: [
      { wheel: runtime, file: /^libcudart\.so\.13$/ },
      { wheel: cublas, file: /^libcublasLt\.so\.13$/ },
      { wheel: cublas, file: /^libcublas\.so\.13$/ },
      { wheel: nvrtc, file: /^libnvrtc-builtins\.so\.13\.\d+$/ },
      { wheel: nvrtc, file: /^libnvrtc\.so\.13$/ },
      { wheel: curand, file: /^libcurand\.so\.10$/ },
      ...cudnnParts.map((part) => ({ wheel: cudnn, file: new RegExp(`^libcudnn_${part}\\.so\\.9$`) })),
      // These want the driver's own library, which is opened with ONNX Runtime's provider and not before.
      ...['engines_runtime_compiled', 'engines_tensor_ir'].map((part) => ({
        ...{ wheel: cudnn, file: new RegExp(`^libcudnn_${part}\\.so\\.9$`), opensItself: true as const },
      })),
      { wheel: cudnn, file: /^libcudnn\.so\.9$/ },
    ],
  },
  'win32-x64': {
    platform: 'win32',
    arch: 'x64',
    pip: ['win_amd64'],
    core: { pattern: /^onnxruntime\.dll$/, name: 'onnxruntime.dll' },
    provider: ['onnxruntime_providers_shared.dll', 'onnxruntime_providers_cuda.dll'],
    libraries: [
      { wheel: runtime, file: /^cudart64_13\.dll$/ },
      { wheel: cublas, file: /^cublasLt64_13\.dll$/ },
      { wheel: cublas, file: /^cublas64_13\.dll$/ },
      { wheel: nvrtc, file: /^nvrtc-builtins64_13\d\.dll$/ },
      { wheel: nvrtc, file: /^nvrtc64_130_0\.dll$/ },
      { wheel: curand, file: /^curand64_10\.dll$/ },
      ...[...cudnnParts, 'engines_runtime_compiled', 'engines_tensor_ir'].map((part) => ({
        ...{ wheel: cudnn, file: new RegExp(`^cudnn_${part}64_9\\.dll$`) },
      })),
      { wheel: cudnn, file: /^cudnn64_9\.dll$/ },
    ],
  },
};
