import { buildImage } from './build.js';
import { missingRequirements } from './requirements.js';

/** Builds the image once before all tests, instead of in every worker. */
export default async function prepare(): Promise<void> {
  if (missingRequirements().length === 0) await buildImage();
}
