/** The pictures a model card shows that lie beside it, as it names them, in their order. */
export function cardPictures(markdown: string): readonly string[] {
  return [...markdown.matchAll(/!\[[^\]]*\]\(\s*<?([^)\s>]+)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^(?:[a-z][\w+.-]*:|[/#\\])/i.test(target));
}
