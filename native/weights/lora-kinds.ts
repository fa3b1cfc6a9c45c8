/** Adapters and embeddings that are not used here, told by the names of their tensors. */

export interface RefusedKind {
  /** After "is": `an OFT (orthogonal finetuning)`. */
  readonly what: string;
  /** Why it cannot be used. */
  readonly because: string;
}

const otherForm = 'It changes weights in another way than a LoRA does, which is not built here.';
const besides =
  'It changes more than the products of two matrices, which is all that can be laid over a model here.';

const kinds: readonly (readonly [RegExp, RefusedKind])[] = [
  [
    /\.(?:hada_(?:w1|w2|t1|t2)|lokr_(?:w1|w2|t1|t2))(?:_[ab])?$/,
    { what: 'a LoHa or LoKr (LyCORIS)', because: otherForm },
  ],
  [/\.(?:oft_blocks|oft_diag|oft_R|oft_r|boft_R)\b/, { what: 'an OFT', because: otherForm }],
  [/\.(?:on_input|ia3_l)\b/, { what: 'an IA3', because: otherForm }],
  [/\.(?:a1|b1)\.weight$/, { what: 'a GLoRA (LyCORIS)', because: otherForm }],
  [
    /\.(?:vera_lambda_[bd]|lora_E|hra_u)\b/,
    { what: 'an adapter of another kind than LoRA', because: otherForm },
  ],
  [/\.(?:diff|diff_b)$/, { what: 'the difference of whole weights (LyCORIS full)', because: besides }],
  [/\.(?:w_norm|b_norm)$/, { what: 'a LyCORIS file with norms', because: besides }],
  [/\.lora_embedding_[AB]\b/, { what: 'a LoRA on the table of words', because: besides }],
  [/\.lora_(?:up|down|A|B)(?:\.default)?\.bias$/, { what: 'a LoRA with biases', because: besides }],
  [
    /^(?:string_to_param\.|emb_params$|clip_[lg]$|bundle_emb\.)|^<.+>$/,
    {
      what: 'an embedding (textual inversion)',
      because: 'It adds a word to a model and lies over no weights.',
    },
  ],
];

/** What a file is that is no LoRA that can be used; null where no name says so. */
export function refusedKind(names: Iterable<string>): (RefusedKind & { readonly name: string }) | null {
  for (const name of names) {
    const found = kinds.find(([pattern]) => pattern.test(name));
    if (found !== undefined) return { ...found[1], name };
  }
  return null;
}

/** Transformers of other kinds of models, by the modules' names in LoRA files. */
const otherModels =
  /^(?:lora_)?(?:transformer|prior_unet|te3|text_encoder_3|diffusion_model)_|(?:^|_)(?:double_blocks|single_blocks|joint_blocks|single_transformer_blocks)_\d/;

/** Whether a module, as `readLoraKey` gives it, is one of Flux, Stable Diffusion 3 and the like. */
export function isOfOtherModel(module: string): boolean {
  return otherModels.test(module);
}
