/** The standard operator set every graph keeps to: the first with LayerNormalization, which all providers know. */
export const opset = 17;

/** Version of the file format that goes with it. */
export const irVersion = 8;
