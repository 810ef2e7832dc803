/** `espalier validate FILE`: whether the spec would be taken. Looks at no module and starts nothing. */
import { errorReport, errorText } from './error-text.js';
import { problemText } from './problem-text.js';
import { specToApply } from './spec-text.js';
import type { UpOptions } from './up.js';

export async function validate(
  file: string,
  { json, set }: Pick<UpOptions, 'json' | 'set'>,
): Promise<number> {
  try {
    const { tree } = await specToApply(file, set);
    process.stdout.write(
      json ? `${JSON.stringify({ file, tree: tree.name })}\n` : `${file}: the spec is sound\n`,
    );
    return 0;
  } catch (error) {
    process.stderr.write(`${json ? problemText(error) : errorText(errorReport(error, file))}\n`);
    return 1;
  }
}
