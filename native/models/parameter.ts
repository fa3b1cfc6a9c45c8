import type { DataType } from '../graph/data-type.ts';

/** What a parameter is to its model. */
export type ParameterRole = 'weight' | 'bias' | 'norm' | 'embedding' | 'adapter';

/** How a parameter that nobody has trained yet begins. */
export type Initialization =
  | { readonly kind: 'constant'; readonly value: number }
  /**
   * Uniform within ±bound. Where it ends a residual branch, the branch begins as zero instead, as latent diffusion's do:
   * every block then begins as the identity.
   */
  | { readonly kind: 'uniform'; readonly bound: number; readonly endsBranch?: boolean }
  | { readonly kind: 'normal'; readonly deviation: number };

/**
 * How graphs take it: in the shape a state dict has, or a convolution's weight [o, c, kh, kw] as [kh·kw, o, c] (see
 * kernels/taps-first.ts).
 */
export type ParameterLayout = 'state-dict' | 'taps-first';

/** Which part of a low-rank adapter it is, and on what. */
export interface AdapterPart {
  /** Path of the adapted module in its component: its weight's key without `.weight`. */
  readonly module: string;
  /** `down` is [rank, in], or [rank, in, kh, kw] where the kernel has more than one pixel; `up` [out, rank], `magnitude` [out]. */
  readonly part: 'down' | 'up' | 'magnitude';
  /** Height and width of the module's kernel where it is a convolution, else `[]`. */
  readonly kernel: readonly number[];
}

/** A trained or frozen tensor of a model: all that is known of it but its values. */
export interface Parameter {
  /** Its name in graphs, states and artifacts; its first values are drawn from a stream of this name. */
  readonly name: string;
  /** The part of the model it belongs to, as the model's folder calls it: `unet`, `text_encoder`, `vae`. */
  readonly component: string;
  /** Its key in the component's state dict; of an adapter, that in a LoRA's: module and part. */
  readonly key: string;
  /** As a state dict has it. */
  readonly shape: readonly number[];
  readonly role: ParameterRole;
  readonly layout: ParameterLayout;
  /** What its numbers are held in. Where a model computes in another type, it widens them when it uses them. */
  readonly type: DataType;
  readonly initialization: Initialization;
  readonly trained: boolean;
  /** Of the role `adapter` alone. */
  readonly adapter: AdapterPart | null;
}

/** What the layer that asks for a parameter says of it. */
export type ParameterKind = Pick<Parameter, 'role' | 'initialization'> & Partial<Pick<Parameter, 'layout'>>;

/** Zeros, as all biases begin. */
export const biasKind: ParameterKind = { role: 'bias', initialization: { kind: 'constant', value: 0 } };

/** Scale of a norm: ones. */
export const normScaleKind: ParameterKind = { role: 'norm', initialization: { kind: 'constant', value: 1 } };

/** Shift of a norm: zeros. */
export const normShiftKind: ParameterKind = { role: 'norm', initialization: { kind: 'constant', value: 0 } };

/** An embedding table, as CLIP's begin. */
export const embeddingKind: ParameterKind = {
  role: 'embedding',
  initialization: { kind: 'normal', deviation: 0.02 },
};

/** The weight of a linear layer or convolution, by PyTorch's default: within 1 / √(numbers that each output is made of). */
export function weightKind(fanIn: number, { endsBranch = false } = {}): ParameterKind {
  return {
    role: 'weight',
    initialization: { kind: 'uniform', bound: 1 / Math.sqrt(fanIn), ...(endsBranch && { endsBranch }) },
  };
}
