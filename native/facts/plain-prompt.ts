/** A text as a prompt that is read just as it stands: a caption, whose brackets are no weights. */
export function asPlainPrompt(text: string): string {
  return text.replaceAll(/[\\()[\]]/g, String.raw`\$&`);
}
