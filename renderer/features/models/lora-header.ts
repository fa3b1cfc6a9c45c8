/** A safetensors header is at most this long in any LoRA. */
const longestHeader = 16 << 20;

const loraName =
  /"[^"]*\.(?:lora_(?:down|up|A|B)|lora\.(?:down|up)|lora_linear_layer\.(?:down|up)|to_[qkv]_lora\.(?:down|up))\b/;

/** Whether a file that a browser was given is a LoRA, by the names in its safetensors header: nothing else is read. */
export async function isLoraFile(file: Blob): Promise<boolean> {
  if (file.size < 8) return false;
  const length = Number(new DataView(await file.slice(0, 8).arrayBuffer()).getBigUint64(0, true));
  if (length > longestHeader || length > file.size - 8) return false;
  return loraName.test(await file.slice(8, 8 + length).text());
}
