import sharp from 'sharp';

/** Edge in pixels of the square that the Model Metadata Standard (modelspec 1.0.1) recommends. */
const edge = 256;

/**
 * A picture as model managers show it of a file: `modelspec.thumbnail`, a JPEG as a data URL. Empty where there is no picture
 * that can be read, for a file is whole without one.
 */
export async function thumbnailMetadata(picture: string | null): Promise<Readonly<Record<string, string>>> {
  if (picture === null) return {};
  try {
    const jpeg = await sharp(picture).resize(edge, edge, { fit: 'cover' }).jpeg({ quality: 85 }).toBuffer();
    return { 'modelspec.thumbnail': `data:image/jpeg;base64,${jpeg.toString('base64')}` };
  } catch {
    return {};
  }
}
