import type { ReadingWay } from '../facts/caption-reading.ts';
import type { ConfigFacts, PredictionType } from '../facts/config-facts.ts';
import type { AdapterModule, LoraPlace } from '../facts/lora-shape.ts';
import type { LentPart } from '../facts/model-formats.ts';
import type { TextReading } from '../facts/text-reading.ts';
import type { JsonObject } from '../files/json-file.ts';
import type { DataArray, DataType } from '../graph/data-type.ts';
import type { Value } from '../graph/graph.ts';
import type { PictureOrigin } from '../images/picture-origin.ts';
import type { ModelReference } from '../jobs.ts';
import type { LayerStack } from '../models/layer-stack.ts';
import type { ModelBuilder } from '../models/model-builder.ts';
import type { ReadWeight, WeightType } from '../models/weight-tensor.ts';
import type { NoiseProcess } from '../noise/noise-process.ts';
import type { TokenizerSource } from '../tokenizer/tokenizer-source.ts';
import type { FolderLayout } from '../weights/component-kind.ts';
import type { EmbeddedEncoder } from '../weights/embedding-file.ts';
import type { LoraLayout } from '../weights/lora-names.ts';
import type { ModelConfigs } from '../weights/model-configs.ts';
import type { ModelFolder, WeightPrecision, WeightToWrite } from '../weights/model-folder.ts';
import type { PlacedWeight } from '../weights/placed-weights.ts';
import type { TensorFile } from '../weights/tensor-file.ts';
import type { OnnxPipeline } from './onnx/pipeline.ts';

/** A kind of model: how its folders are laid out, and how what lies there becomes parts that can be trained and sampled. */
export interface Family {
  readonly name: string;
  readonly layout: FolderLayout;
  /**
   * Understands configs and tokenizers; weights are read later. The folder, and the checkpoint's components that are laid
   * over it, are closed by the model.
   *
   * @throws Failure those of configs, tokenizers and the LoRA; `model-mismatch` where the parts do not fit each other
   */
  readonly open: (folder: ModelFolder, reference: ModelReference) => Promise<OpenModel>;
  /** What a file of a whole model says of itself; null for a file of anything else. */
  readonly singleFile: (parts: SingleFileParts) => SingleFileModel | null;
  /** What a file has to lend to a model, be it of a whole model or of the part alone; empty where it has none of it. */
  readonly partsIn: (
    file: TensorFile,
    part: LentPart,
    model: ModelConfigs,
  ) => ReadonlyMap<string, SingleFileComponent>;
  /** Throws the Failures of configs and tokenizers, and `model-mismatch` where the parts do not fit each other. */
  readonly check: (folder: ModelConfigs) => Promise<void>;
  /** What the configs alone say. Throws the Failures of configs. */
  readonly facts: (folder: ModelConfigs) => ConfigFacts;
  /** The modules that training may adapt. Builds the models, as `AdapterTargets` do. */
  readonly adapterModules: (folder: ModelConfigs) => readonly AdapterModule[];
  /** Every module that a LoRA may be on. Builds the models. Throws the Failures of configs. */
  readonly loraLayout: (folder: ModelConfigs) => LoraLayout;
  /** How its models read texts; of several text encoders, the one that reads the least. Throws the Failures of tokenizers. */
  readonly textReading: (folder: ModelConfigs) => Promise<TextReading>;
}

/** A file that may hold a whole model, and what lies beside it under its name. */
export interface SingleFileParts {
  readonly file: TensorFile;
  /** A VAE to be taken instead of the file's own. */
  readonly vae: TensorFile | null;
  /** Text of the original code's config (.yaml). */
  readonly config: string | null;
  /** What it predicts, where a person said so or it was tried. */
  readonly prediction?: StatedPrediction | null;
}

export interface StatedPrediction {
  readonly type: PredictionType;
  /** For a person: what says so. */
  readonly because: string;
}

/** A model in one file, made out from names and shapes. */
export interface SingleFileModel {
  /** For a person: `Stable Diffusion 1.x`. */
  readonly label: string;
  /** For a person: what it was made out by. */
  readonly reasons: readonly string[];
  /** Whether nothing says what it predicts, so that only trying would tell. */
  readonly guessesPrediction: boolean;
  /** As scheduler_config.json would have it. */
  readonly scheduler: JsonObject;
  /** Whether a tensor that no component asks for may be there; any other says that the file is of another kind. */
  readonly leavesAside: (name: string) => boolean;
  /** Those of the layout's that the file has. */
  readonly components: ReadonlyMap<string, SingleFileComponent>;
  /** By the names the layout gives their folders. */
  readonly tokenizer: (name: string) => TokenizerSource;
}

export interface SingleFileComponent {
  /** As its config.json would have it. */
  readonly config: JsonObject;
  /**
   * Where each weight of the component's state dict is. Builds the model.
   *
   * @throws Failure `tensor-missing`, and where the config asks for what is not built here
   */
  readonly weights: () => ReadonlyMap<string, PlacedWeight>;
}

/** A text encoder that new words have vectors for. */
export interface WordEncoder extends EmbeddedEncoder {
  /** Tokens it knows: ids from there on stand for new words' vectors. */
  readonly vocabularySize: number;
  /** What a text is to it, new words left aside: ids without begin, end and padding. */
  readonly ids: (text: string) => readonly number[];
}

/** A model whose configs are understood and whose weights are at hand: all that training and sampling know of a family. */
export interface OpenModel {
  readonly family: Family;
  /** By the names of their folders. */
  readonly components: ReadonlyMap<string, Component>;
  /** Throws where the family has none of that name. */
  readonly component: (name: string) => Component;
  readonly autoencoder: Autoencoder;
  readonly conditioning: Conditioning;
  /** All that read captions. */
  readonly wordEncoders: readonly WordEncoder[];
  readonly denoiser: Denoiser;
  readonly noise: NoiseProcess;
  /** What scheduler_config.json says, the checkpoint's where it has one. */
  readonly schedulerFile: JsonObject;
  readonly adapters: AdapterTargets;
  /** All configs as they are in the folder: two models with other ones are not the same. */
  readonly configFiles: readonly JsonObject[];
  /** Weights of any component, a LoRA already added. */
  readonly readWeight: ReadWeight;
  readonly weightType: WeightType;
  /**
   * Writes the whole model as diffusers has it.
   *
   * @throws Failure `weights-missing`, and those of `writeModelFolder`
   */
  readonly save: (folder: string, precision: WeightPrecision) => Promise<void>;
  /**
   * Writes the whole model as one safetensors file, as other tools read it. `metadata` goes into its header.
   *
   * @throws Failure `weights-missing`, `write-failed`, `single-file-unfit`
   */
  readonly saveFile: (
    path: string,
    precision: WeightPrecision,
    metadata: Readonly<Record<string, string>>,
  ) => Promise<void>;
  /** How it is written as a pipeline of ONNX graphs. */
  readonly onnx: OnnxPipeline;
  /**
   * Writes the whole model as that pipeline, in the layout of Optimum.
   *
   * @throws Failure `weights-missing`, and those of `writeOnnxPipeline`
   */
  readonly saveOnnx: (folder: string, precision: WeightPrecision) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** One of a model's parts that have weights. */
export interface Component {
  readonly name: string;
  /** Its config.json as it is. */
  readonly configFile: JsonObject;
  /** False where there is a config alone: a model to be trained from scratch. */
  readonly hasWeights: boolean;
  /** All weights as they are read, a LoRA included, each when its turn has come; none without weights. */
  readonly weights: () => WeightToWrite[];
  /** A weight, a LoRA already added. Throws a Failure where it is missing or of another shape. */
  readonly readWeight: ReadWeight;
  /** float16 where its numbers come from a file of such, and nothing is added to them. */
  readonly weightType: (key: string) => DataType;
  /** Equal for equal config and weights, LoRA included. */
  readonly hash: () => Promise<string>;
  /** Writes config and the given weights as diffusers has them; `changes` go over the config. */
  readonly write: (
    folder: string,
    precision: WeightPrecision,
    weights: Iterable<WeightToWrite> | null,
    changes?: JsonObject,
  ) => Promise<void>;
}

/** One row of an array that a graph takes or gives: its batch dimension left out. */
export interface RowSpec {
  readonly type: DataType;
  readonly shape: readonly number[];
}

/** Arrays by the name of the graph's input. */
export type Rows = Readonly<Record<string, RowSpec>>;

/** The builder of a component's part of the graph. */
export type BuilderOf = (component: string) => ModelBuilder;

/** Between pictures and latents. */
export interface Autoencoder {
  readonly component: string;
  readonly pictureChannels: number;
  readonly latentChannels: number;
  /** Pixels of a picture's edge per latent. */
  readonly factor: number;
  /** Latents are multiplied by this before the denoiser sees them. */
  readonly scalingFactor: number;
  /** Pictures [n, 3, H, W] in [-1, 1] -> mean and log variance of their latents [n, c, h, w], not scaled. */
  readonly encode: (
    model: ModelBuilder,
    pictures: Value,
  ) => { readonly mean: Value; readonly logVariance: Value };
  /** Latents, not scaled -> pictures. */
  readonly decode: (model: ModelBuilder, latents: Value) => Value;
  /** The same as chains of layers; of the encoder's result, `moments` makes mean and log variance. */
  readonly encoder: LayerStack;
  readonly decoder: LayerStack;
  readonly moments: (x: Value) => { readonly mean: Value; readonly logVariance: Value };
}

/** What is read at once of a prompt. */
export interface PromptChunk {
  /** What the encoders are given, by the names of `Conditioning.tokens`: of one chunk. */
  readonly tokens: Readonly<Record<string, readonly number[]>>;
  /** What the states of its tokens are multiplied by; null where all weigh 1. */
  readonly weights: readonly StateWeights[] | null;
}

/** Of one encoder, whose states stand beside those of the others in the rows of `encoder_hidden_states`. */
export interface StateWeights {
  /** Numbers of a token's state. */
  readonly width: number;
  /** Of each token. */
  readonly weights: readonly number[];
}

/** How captions, and facts about a picture, reach the denoiser. */
export interface Conditioning {
  /** Components that read captions. */
  readonly encoders: readonly string[];
  /** How they read; `as` gives another. */
  readonly way: ReadingWay;
  /** The same texts read otherwise. Throws Failure `clip-skip-invalid`. */
  readonly as: (way: ReadingWay) => Conditioning;
  /** What they are given for a caption. */
  readonly tokens: Rows;
  /** Null is no text at all: a caption that is dropped, a negative prompt that is not given. */
  readonly tokenize: (caption: string | null) => Readonly<Record<string, readonly number[]>>;
  /**
   * A prompt as people write them, with attention weights and `BREAK`, in as many chunks as it needs, `mostChunks` at most; with more
   * wanted, empty ones follow. Null as above.
   */
  readonly readPrompt: (prompt: string | null, chunks?: number) => readonly PromptChunk[];
  /** What they make of it, as the denoiser takes it. */
  readonly states: Rows;
  /** States of which each chunk of a text has its own, one after the other along their first axis; of others the first chunk's counts. */
  readonly chunked: readonly string[];
  /** The encoders: values of `tokens` -> values of `states`, both by name with a batch dimension. */
  readonly encode: (
    builders: BuilderOf,
    tokens: Readonly<Record<string, Value>>,
  ) => Readonly<Record<string, Value>>;
  /** What the denoiser is told of each picture besides its caption, such as its size; nothing in most families. */
  readonly facts: Rows;
  readonly factsOf: (picture: PictureOrigin) => Readonly<Record<string, DataArray>>;
}

/** What predicts noise. */
export interface Denoiser {
  readonly component: string;
  /** Channels of the latents it takes. */
  readonly channels: number;
  /** Edges of latents that it is trained on are multiples of this. */
  readonly stride: number;
  /** `conditioning`: states and facts, by name. Gives what the noise process says the model predicts. */
  readonly predict: (
    model: ModelBuilder,
    inputs: {
      /** [n, c, h, w] */
      readonly sample: Value;
      /** [n], float32 */
      readonly timesteps: Value;
      readonly conditioning: Readonly<Record<string, Value>>;
    },
  ) => Value;
}

/** A module of a component: its path, and its kernel's height and width. */
export interface AdaptedModule {
  readonly path: string;
  readonly kernel: readonly number[];
}

/** What a LoRA may be on. */
export interface AdapterTargets {
  /** Whether training puts an adapter on a module unless it is told otherwise. */
  readonly takes: (component: string, module: string) => boolean;
  /** Where a module that may take an adapter is in the model; null for one that takes none in any case. */
  readonly placeOf: (component: string, module: AdaptedModule) => LoraPlace | null;
  /** Every module a LoRA file may name. Found by building the model, so at the first call. */
  readonly layout: () => LoraLayout;
  /** What tells other tools which family a LoRA belongs to, as kohya's metadata has it. */
  readonly metadata: Readonly<Record<string, string>>;
}
