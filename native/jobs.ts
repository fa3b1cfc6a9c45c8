/**
 * What the engine can be asked to do, and what it says while doing it. Plain data: it crosses a process boundary.
 * Paths are absolute. Sizes are in pixels. Epochs count from 1; epoch 0 is the untouched base.
 */
import type { AugmentationSettings } from './facts/augmentation.ts';
import type { CaptionReading } from './facts/caption-reading.ts';
import type { CaptioningOptions } from './facts/captioning.ts';
import type { PredictionType } from './facts/config-facts.ts';
import type { EmbeddingFacts } from './facts/embedding-facts.ts';
import type { LoraFacts } from './facts/lora-facts.ts';
import type { LossSettings, NoiseSettings } from './facts/losses.ts';
import type { MaskSettings } from './facts/masks.ts';
import type { Method } from './facts/methods.ts';
import type { EmbeddingFileNames, LoraFileNames, ModelFormat } from './facts/model-formats.ts';
import type { NamesOptimizer } from './facts/optimizers.ts';
import type { PrecisionChoice } from './facts/precision.ts';
import type { SamplerName } from './facts/samplers.ts';
import type { NvidiaGpu } from './runtime/nvidia-smi.ts';
import type { DeviceChoice, Provider, ProviderStatus } from './runtime/runtime.ts';

/** A model and, optionally, what a run made of it. */
export interface ModelReference {
  /** A diffusers model folder, or a file of a whole model. */
  readonly base: string;
  /**
   * A folder holding any of the model's components (`unet/`, `text_encoder/`), `lora.safetensors` or `embedding.safetensors`, laid
   * over the base.
   */
  readonly checkpoint?: string;
  /** Strength a LoRA checkpoint is merged with; default 1. */
  readonly loraScale?: number;
  /** Laid over all that, in this order. */
  readonly loras?: readonly LoraUse[];
  /** New words for its prompts. */
  readonly embeddings?: readonly EmbeddingUse[];
  /** A new word that it is to be taught: whoever trains it gives its vectors. */
  readonly taught?: TaughtWord;
}

/** The file of a new word, made by textual inversion, and what it is called in prompts; left out: as the file calls it. */
export interface EmbeddingUse {
  readonly file: string;
  readonly word?: string;
}

export interface TaughtWord {
  readonly word: string;
  readonly vectors: number;
}

/** A LoRA's file and how strongly it is laid over a model; 0 leaves the model as it is. */
export interface LoraUse {
  readonly file: string;
  readonly strength: number;
}

export interface TrainingImage {
  /** Unique in its data set and stable over runs: the path relative to the data set's folder. */
  readonly id: string;
  readonly path: string;
  /** One is drawn each time the image is used; an empty string is the unconditional caption. Never empty. */
  readonly captions: readonly string[];
  /** The bucket: scaled to cover this size (EXIF rotation applied), then centre-cropped to it. */
  readonly width: number;
  readonly height: number;
  /** How often the image is used in one epoch; default 1. */
  readonly repeats?: number;
  /** The file of its mask, white where it is learned. */
  readonly mask?: string;
}

export type { Method } from './facts/methods.ts';

/** An engine that trains holds a lock on this file of the run's folder; see `lockFile`. */
export const engineLock = 'engine.lock';

export interface LearningRateSchedule {
  readonly kind: 'constant' | 'linear' | 'cosine';
  readonly warmupSteps: number;
}

/** `optimizerOf` tells the optimizer: jobs from before there was a choice have AdamW's settings beside the others. */
export interface TrainingSettings extends NamesOptimizer, CaptionReading {
  readonly epochs: number;
  readonly checkpointEpochs: readonly number[];
  readonly batchSize: number;
  readonly gradientAccumulation: number;
  /**
   * How many images of a batch are computed at once, the others after them, to save memory; it makes no difference but for rounding.
   * Left out: all.
   */
  readonly imagesAtOnce?: number | undefined;
  readonly learningRate: number;
  readonly schedule: LearningRateSchedule;
  /** Gradients are scaled to at most this global norm; 0 for no clipping. */
  readonly maxGradientNorm: number;
  /** Decay of the exponential moving average of the weights, which then is what checkpoints hold; 0 for none. */
  readonly emaDecay: number;
  /** Gamma of min-SNR loss weighting; 0 for none. */
  readonly minSnrGamma: number;
  readonly noiseOffset: number;
  /** Probability of training a use of an image on the empty caption. */
  readonly captionDropout: number;
  readonly randomFlip: boolean;
  readonly seed: number;
  readonly checkpointPrecision: 'float32' | 'float16';
  /** What is computed in; left out, float32, as before there was a choice. */
  readonly precision?: PrecisionChoice;
  /**
   * Whether weights are updated during the backward pass where the device runs modules one by one: gradients then are never all
   * there, and each is clipped by its own norm.
   */
  readonly fusedBackward?: boolean;
  /** Minutes between states saved for resuming, besides those at checkpoints and when stopped. */
  readonly stateEveryMinutes: number;
  /** The run ends when held-out loss has not fallen for this many checkpoints; left out or 0: never before its last epoch. */
  readonly patience?: number;
  /** How errors are measured and weighed; left out: as `usualLoss`. */
  readonly loss?: LossSettings;
  /** Left out: as `usualNoise`. */
  readonly noise?: NoiseSettings;
  /** Left out: images are learned whole. */
  readonly masks?: MaskSettings;
  /** Left out: images are learned as they are, or mirrored. */
  readonly augmentation?: AugmentationSettings;
}

/**
 * Images of the kind that a subject is of, trained on beside its own, so that the model keeps what it knows of that kind
 * (Ruiz et al. 2022, section 3.2). A batch has as many of them as of its own images.
 */
export interface PriorPreservation {
  /** What their mean loss counts beside that of the images. */
  readonly weight: number;
  /** Each in a bucket of the images it goes with; empty where the base makes them. */
  readonly images: readonly TrainingImage[];
  /** How the base makes them before it is trained; left out where they are given. */
  readonly making?: ClassPictures;
}

export interface ClassPictures {
  /** `a dog`; also their caption. */
  readonly prompt: string;
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly guidanceScale: number;
  /** As the run reads captions; left out, 1. */
  readonly clipSkip?: number;
  /** How many of each bucket. */
  readonly sizes: readonly { readonly width: number; readonly height: number; readonly count: number }[];
}

/** That a run was trained on after it had ended, or been stopped for good. */
export interface Extension {
  /** Optimizer steps done by then. */
  readonly step: number;
  /** What had been planned until then. */
  readonly planned: Pick<TrainingSettings, 'epochs' | 'checkpointEpochs'>;
  /** Chosen anew, over the steps from there to the end; left out, the run's own go on. */
  readonly rates?: Pick<TrainingSettings, 'learningRate' | 'schedule'>;
}

export interface TrainJob {
  readonly kind: 'train';
  /** The run's folder: `checkpoints/epoch-0005/`, `state/`, `metrics.jsonl` come to lie in it. */
  readonly folder: string;
  /** Latents and text embeddings by content hash; shared by all runs. */
  readonly cacheFolder: string;
  readonly base: string;
  readonly method: Method;
  /** Where the LoRA that it begins with lay when it was planned, if that is elsewhere now: by that its states are known. */
  readonly loraWas?: string;
  readonly settings: TrainingSettings;
  readonly images: readonly TrainingImage[];
  readonly validation: readonly TrainingImage[];
  /** Left out: the images alone are trained on. */
  readonly prior?: PriorPreservation;
  readonly device: DeviceChoice;
  /** Of a run that was trained on, the newest last; `settings` has its epochs and checkpoints as they are now. */
  readonly extensions?: readonly Extension[];
}

export interface Picture {
  readonly model: ModelReference;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seed: number;
  readonly sampler: SamplerName;
  readonly steps: number;
  readonly guidanceScale: number;
  /** As `CaptionReading` counts; left out, 1. */
  readonly clipSkip?: number | undefined;
  readonly width: number;
  readonly height: number;
  /** The PNG file to write; it carries its generation parameters as the text other tools read. */
  readonly output: string;
}

export interface GenerateJob {
  readonly kind: 'generate';
  /** Pictures of one model are made together, in batches of equal size and sampler. */
  readonly pictures: readonly Picture[];
  readonly batchSize: number;
  readonly device: DeviceChoice;
  /** What is computed in; left out, float32. */
  readonly precision?: PrecisionChoice;
}

export interface ExportJob {
  readonly kind: 'export';
  readonly model: ModelReference;
  /**
   * `diffusers`: a complete model folder, LoRA merged. `single-file`: the same in one safetensors file, in the original code's
   * names. `lora`: one safetensors file. `onnx`: a folder of graphs that run without this program, LoRA merged. `embedding`: a new
   * word, one safetensors file.
   */
  readonly format: ModelFormat;
  /** Of a LoRA; left out, kohya's. */
  readonly loraNames?: LoraFileNames;
  /** Of a new word; left out, A1111's and kohya's. */
  readonly embeddingNames?: EmbeddingFileNames;
  /** The folder or file to write; must not exist. */
  readonly output: string;
  readonly precision: 'float32' | 'float16';
  /** Extra metadata for a file's header, all strings. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Left out: nothing is drawn of what was written. */
  readonly proof?: ProofRequest;
}

/** What is drawn of an exported model and of the one it was made of, before the export counts as done. */
export interface ProofRequest {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seed: number;
  readonly guidanceScale: number;
  /** What the model was trained with; left out, 1. Graphs have none. */
  readonly clipSkip?: number;
  readonly device: DeviceChoice;
  /** The PNG file to write, both pictures side by side. Its folder may be the exported one. */
  readonly output: string;
}

/** How both pictures of an export came out. Differences are in steps of 255. */
export interface ExportProof {
  readonly steps: number;
  /** Where it is not 1. */
  readonly clipSkip?: number;
  readonly width: number;
  readonly height: number;
  readonly mean: number;
  readonly most: number;
  /** What both may be. */
  readonly allowed: { readonly mean: number; readonly most: number };
}

/** Captions of pictures by a model. It writes nothing: who asked keeps what it says. */
export interface CaptionJob {
  readonly kind: 'caption';
  /** The folder of a captioning model; see `findCaptioner`. */
  readonly model: string;
  readonly options: CaptioningOptions;
  /** Paths of picture files. */
  readonly pictures: readonly string[];
  readonly device: DeviceChoice;
}

export interface InfoJob {
  readonly kind: 'info';
  /** A diffusers folder, checkpoint or file of weights to describe. */
  readonly path?: string;
  /** Whether to try what a model predicts where nothing says so, which reads all weights of its denoiser. */
  readonly probe?: boolean;
}

export interface DoctorJob {
  readonly kind: 'doctor';
}

/** Which NVIDIA GPUs there are, by their driver's word, without computing on any. */
export interface GpusJob {
  readonly kind: 'gpus';
}

/** A picture in the size it was trained or made in: what is finer than that is not compared. */
export interface ComparedImage {
  readonly path: string;
  readonly width: number;
  readonly height: number;
}

/** Compares pictures of a run with the images it was trained on, and with those held out. */
export interface LikenessJob {
  readonly kind: 'likeness';
  /** The file of the network that says what a picture shows. */
  readonly weights: string;
  /** What it says of pictures, by their content. */
  readonly cacheFolder: string;
  readonly training: readonly ComparedImage[];
  readonly heldOut: readonly ComparedImage[];
  readonly pictures: readonly (ComparedImage & {
    readonly epoch: number;
    /** The same for pictures of the same words and noise. */
    readonly made: string;
    /** The place among those held out of the image whose caption it was made of. */
    readonly heldOut: number | null;
  })[];
  readonly device: DeviceChoice;
}

export type Job =
  TrainJob | GenerateJob | ExportJob | CaptionJob | InfoJob | DoctorJob | GpusJob | LikenessJob;

export type JobEvent =
  /** Something that takes a while before the first step: `loading`, `encoding images`, `building graphs`. */
  | { readonly type: 'progress'; readonly phase: string; readonly done: number; readonly total: number }
  | {
      readonly type: 'step';
      readonly epoch: number;
      /** Optimizer steps done, and how many the run has. */
      readonly step: number;
      readonly totalSteps: number;
      /** Null where it was not finite, which in float16 skips the step. */
      readonly loss: number | null;
      /** Null of a step that was skipped. */
      readonly gradientNorm: number | null;
      /** Steps skipped until now because gradients became too large for float16. */
      readonly skippedSteps?: number;
      readonly learningRate: number;
      /** Wall time of this step alone, in seconds, and images it used. */
      readonly seconds: number;
      readonly images: number;
    }
  | {
      readonly type: 'epoch';
      /** Epoch 0 is what was judged before the first step, where anything is held out. */
      readonly epoch: number;
      /** Null where no step's was finite, and of epoch 0. */
      readonly trainLoss: number | null;
      readonly validationLoss: number | null;
      /**
       * Of as many images that are trained on, at the same noise: the less it is than that of those held out, the more is
       * learned by heart. Left out by methods that do not measure it.
       */
      readonly seenLoss?: number | null;
      /**
       * What groups of held-out images add to the held-out loss, the same groups at every epoch: how much these differ
       * between two epochs says how sure it is that one is better. Left out where there are too few to say.
       */
      readonly validationParts?: readonly number[];
    }
  | { readonly type: 'checkpoint'; readonly epoch: number; readonly folder: string }
  /** A state from which the run resumes to the same bytes. */
  | { readonly type: 'state'; readonly step: number }
  | { readonly type: 'picture'; readonly index: number; readonly output: string }
  /** Captions of pictures by their places in the job; where a picture could not be read, why. */
  | { readonly type: 'captions'; readonly captions: readonly PictureCaption[] }
  /** What it computes on, and why on nothing better. */
  | { readonly type: 'device'; readonly provider: Provider; readonly notes: readonly string[] }
  | { readonly type: 'note'; readonly message: string };

export type PictureCaption =
  | { readonly index: number; readonly text: string }
  | { readonly index: number; readonly failure: { readonly message: string; readonly hint: string } };

export interface TrainResult {
  readonly kind: 'train';
  /** `stopped`: at a step boundary on request, resumable. */
  readonly end: 'finished' | 'stopped';
  readonly step: number;
  readonly epoch: number;
  readonly trainLoss: number | null;
  readonly validationLoss: number | null;
  /** The checkpoint with the lowest held-out loss, of a run that ended because no later one had a lower. */
  readonly bestEpoch?: number | undefined;
}

export interface ComponentSummary {
  readonly name: string;
  readonly className: string;
  readonly parameters: number;
  readonly dtype: string;
}

export interface InfoResult {
  readonly kind: 'info';
  readonly runtime: string;
  readonly providers: readonly ProviderStatus[];
  /** Why no better provider serves than the one of `runtime`. */
  readonly notes: readonly string[];
  readonly model: {
    readonly path: string;
    readonly components: readonly ComponentSummary[];
    readonly metadata: Readonly<Record<string, string>>;
    /** Of a file, for a person: what it is, and what it was made out by. */
    readonly label?: string;
    readonly reasons?: readonly string[];
    /** Whether nothing says what it predicts. */
    readonly guessesPrediction?: boolean;
    /** What it was found to predict, where nothing says so and it was tried; null where trying did not tell. */
    readonly probed?: { readonly type: PredictionType; readonly because: string } | null;
    /** Of a checkpoint: how it was trained. */
    readonly method?: Method;
    /** Of a LoRA. */
    readonly lora?: LoraFacts;
    /** Of a new word. */
    readonly embedding?: EmbeddingFacts;
  } | null;
}

/** What was found out about a device by computing on it. */
export interface DeviceReport extends ProviderStatus {
  /** Billions of operations a second in products of matrices; null where it does not compute. */
  readonly rate: number | null;
  /** Why one that seemed to be there does not compute. */
  readonly problem: string | null;
}

export interface DoctorResult {
  readonly kind: 'doctor';
  /** Its version; null where its library does not load. */
  readonly onnxRuntime: string | null;
  readonly gpus: readonly NvidiaGpu[];
  /** Best first. */
  readonly devices: readonly DeviceReport[];
  /** The one that is chosen unasked, and computes; null where none does. */
  readonly trainsOn: Provider | null;
}

/** A figure, and the interval that holds 95 of 100 of those got from pictures drawn anew among the same ones. */
export interface LikenessFigure {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** Distances are 1 minus the cosine between what two pictures show. */
export interface LikenessResult {
  readonly kind: 'likeness';
  /** A picture as near as this to a training image may be a copy of it. */
  readonly limit: number;
  /**
   * Kernel distance of as many as `images` training images from those held out, which pictures that cannot be told from real ones
   * have as well; its interval is of `atOnce` of them. Null where there are too few.
   */
  readonly real: {
    readonly distance: LikenessFigure;
    readonly images: number;
    readonly atOnce: number;
  } | null;
  /** In the job's order; null where a picture, or every training image, could not be read. */
  readonly pictures: readonly ({
    /** The nearest training image's place, and its distance. */
    readonly image: number;
    readonly distance: number;
    /** How far the base's picture of the same words and noise is from its own nearest; null where there is none. */
    readonly control: number | null;
    readonly copy: boolean;
  } | null)[];
  readonly epochs: readonly {
    readonly epoch: number;
    /** Kernel distance from the held-out images; null where there are too few. */
    readonly distance: LikenessFigure | null;
    /** Share of the other held-out images that are further from a picture than the one whose caption it was made of. */
    readonly rank: LikenessFigure | null;
  }[];
}

export type JobResult =
  | TrainResult
  | LikenessResult
  | { readonly kind: 'generate'; readonly pictures: number; readonly seconds: number }
  | {
      readonly kind: 'export';
      readonly output: string;
      readonly bytes: number;
      /** Of an ONNX pipeline: edges of its pictures are multiples of this. */
      readonly pixelStep?: number;
      /** Of a job that asks for it. */
      readonly proof?: ExportProof;
    }
  /** `captions`: how many there were, without those that failed. */
  | { readonly kind: 'caption'; readonly captions: number; readonly seconds: number }
  | InfoResult
  | DoctorResult
  | { readonly kind: 'gpus'; readonly gpus: readonly NvidiaGpu[] };

/** How a job talks back while it runs, and how it is asked to stop. */
export interface JobContext {
  readonly emit: (event: JobEvent) => void;
  /** Aborted when a stop is wanted; looked at between steps, so what is on disk is whole. */
  readonly stop: AbortSignal;
}
