/** A safetensors header is at most this long in any LoRA. */
const longestHeader = 16 << 20;

const loraName =
  /\w\.(?:lora_(?:down|up|A|B)|lora\.(?:down|up)|lora_linear_layer\.(?:down|up)|to_[qkv]_lora\.(?:down|up))\b/;

/** PyTorch writes the names of all tensors at the beginning of its archives. */
const isArchive = (beginning: Uint8Array): boolean => beginning[0] === 0x50 && beginning[1] === 0x4b;

/** What a file that a browser was given is, by the names of its tensors: nothing else is read. Null for anything else. */
export async function modelFileKind(file: Blob): Promise<'lora' | 'model' | null> {
  const names = await namesIn(file);
  if (loraName.test(names)) return 'lora';
  return names.includes('model.diffusion_model.') ? 'model' : null;
}

async function namesIn(file: Blob): Promise<string> {
  if (file.size < 8) return '';
  const beginning = await file.slice(0, 8).arrayBuffer();
  if (isArchive(new Uint8Array(beginning))) return file.slice(0, longestHeader).text();
  const length = Number(new DataView(beginning).getBigUint64(0, true));
  return length > longestHeader || length > file.size - 8 ? '' : file.slice(8, 8 + length).text();
}
