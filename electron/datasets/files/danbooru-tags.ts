/**
 * Tags that are faces: their underscores belong to them. The list of SmilingWolf's taggers, which most tags of
 * trained models come from, and what Danbooru has besides.
 */
const faces = new Set(
  (
    '0_0 (o)_(o) +_+ +_- ._. <o>_<o> <|>_<|> =_= >_< 3_3 6_9 >_o @_@ ^_^ o_o u_u x_x |_| ||_|| ' +
    '>_@ ^o^ ^_~ -_- ;_; t_t d_d =^_^= \\m/_\\m/ o_0 0_o !_! ?_? $_$ *_* ~_~ c_c n_n v_v z_z'
  ).split(' '),
);

/** A tag as it is said: underscores are spaces, but not those of a face. */
export function readableTag(tag: string): string {
  return faces.has(tag.toLowerCase()) ? tag : tag.replaceAll('_', ' ');
}

/** Tags separated by spaces, as a caption. */
export function captionOfTags(tags: string): string {
  return tags
    .split(' ')
    .filter((tag) => tag !== '')
    .map(readableTag)
    .join(', ');
}
