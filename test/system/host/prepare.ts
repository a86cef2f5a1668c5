import { buildImage } from './build.js';
import { missingRequirements } from './requirements.js';

/** Before all tests: the image is built once, and not by every worker that finds none. */
export default async function prepare(): Promise<void> {
  if (missingRequirements().length === 0) await buildImage();
}
