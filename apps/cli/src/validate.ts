/** `espalier validate FILE`: whether the spec would be taken. Looks at no module and starts nothing. */
import { normaliseSpec, readSpecFile } from '@espalier/supervisor';
import { errorReport, errorText } from './error-text.js';
import { setFields } from './set-fields.js';

export async function validate(file: string, set: readonly string[]): Promise<number> {
  try {
    const { input, base, locate } = await readSpecFile(file);
    setFields(input, set);
    normaliseSpec(input, { base, locate });
    process.stdout.write(`${file}: the spec is sound\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${errorText(errorReport(error, file))}\n`);
    return 1;
  }
}
