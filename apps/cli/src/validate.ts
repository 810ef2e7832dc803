/** `espalier validate FILE`: whether the spec would be taken. Looks at no module and starts nothing. */
import { errorReport, errorText } from './error-text.js';
import { specToApply } from './spec-text.js';

export async function validate(file: string, set: readonly string[]): Promise<number> {
  try {
    await specToApply(file, set);
    process.stdout.write(`${file}: the spec is sound\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${errorText(errorReport(error, file))}\n`);
    return 1;
  }
}
